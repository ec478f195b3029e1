/** An ensemble whose normal numbers are given, so that a test chooses the proposal of a sampler. */
import type { Ensemble, RandomAddress, Vectors } from "../../src/compute/backend.ts";

/** `normals`: one row for all chains, by purpose; other purposes keep their numbers. */
export const withNormals = (
  inner: Ensemble,
  normals: Readonly<Record<number, readonly number[]>>,
): Ensemble =>
  new Proxy(inner, {
    get: (target, name) => {
      if (name === "normal") {
        return (address: RandomAddress, out: Vectors): void => {
          const row = normals[address.purpose];
          if (row === undefined) return target.normal(address, out);
          const values = Array.from({ length: target.numChains }, () => [...row]).flat();
          target.writeVectors(out, Float64Array.from(values));
        };
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
