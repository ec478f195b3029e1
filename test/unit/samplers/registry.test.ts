/** Names of samplers. */
import { describe, expect, it } from "vitest";
import {
  isSamplerName,
  numericsVersions,
  samplerNames,
  samplerOf,
  samplers,
} from "../../../src/samplers/registry.ts";

describe("registry", () => {
  it("files every sampler under its own name", () => {
    for (const name of samplerNames) expect(samplerOf(name).name).toBe(name);
    expect(samplerNames).toEqual(expect.arrayContaining(["hmc", "sgld"]));
  });

  it("has a positive integer as numerics version of each", () => {
    for (const name of samplerNames) {
      expect(numericsVersions[name]).toBe(samplers[name].numericsVersion);
      expect(Number.isInteger(numericsVersions[name]) && numericsVersions[name] > 0).toBe(true);
    }
  });

  it("refuses an unknown name and lists the known ones", () => {
    expect(isSamplerName("toString")).toBe(false);
    expect(() => samplerOf("hcm")).toThrow(/"hcm" does not exist; expected one of .*hmc/);
    expect(() => samplerOf("toString")).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});
