/** Versions of the code that interprets configurations; part of every id. */
import { numericsVersions as samplerVersions } from "../samplers/registry.ts";
import { targetNumericsVersion } from "../targets/build-target.ts";

/** Numerics version of target builds, and of each sampler by name. */
export const numericsVersions: {
  readonly target: number;
  readonly samplers: Readonly<Record<string, number>>;
} = {
  target: targetNumericsVersion,
  samplers: samplerVersions,
};
