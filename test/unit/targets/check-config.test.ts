/** Mistakes that only the whole configuration shows. */
import { describe, expect, it } from "vitest";
import { checkTargetConfig } from "../../../src/targets/check-config.ts";
import type { TargetConfig } from "../../../src/targets/target-config.ts";
import { aData, aDeepLinear, anMlp, aTarget } from "../../support/target-configs.ts";

const messageOf = (changes: Partial<TargetConfig>): string => {
  try {
    checkTargetConfig(aTarget(changes));
    return "";
  } catch (error) {
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    return (error as Error).message;
  }
};

describe("checkTargetConfig", () => {
  it("passes what can be built", () => {
    expect(messageOf({})).toBe("");
    expect(messageOf({ model: aDeepLinear() })).toBe("");
    expect(messageOf({ model: { kind: "quadratic", dim: 2, curvature: 1 } })).toBe("");
    expect(messageOf({ model: { kind: "monomial", exponents: [1, 0.5, 0], coefficient: 1 } })).toBe("");
    expect(messageOf({ model: anMlp({ outDim: 3 }), loss: { kind: "cross_entropy" } })).toBe("");
  });

  it.each<[string, Partial<TargetConfig>]>([
    ["model.dim: got 0", { model: { kind: "quadratic", dim: 0, curvature: 1 } }],
    ["model.curvature: got a negative number", { model: { kind: "quadratic", dim: 2, curvature: [1, -1] } }],
    ["model.exponents: got [0, 0]", { model: { kind: "monomial", exponents: [0, 0], coefficient: 1 } }],
    ["model.exponents: got [0.3]", { model: { kind: "power_sum", exponents: [0.3], coefficient: 1 } }],
    ["model.coefficient: got 0", { model: { kind: "power_sum", exponents: [1], coefficient: 0 } }],
    ["model.widths: got [3]", { model: aDeepLinear({ widths: [3] }) }],
    ["model.rank: got 3; expected 0 … 2", { model: aDeepLinear({ rank: 3 }) }],
    ["model.out_dim: got 1 with loss cross_entropy", { loss: { kind: "cross_entropy" } }],
    ["loss t_regression: got df 4 and scale 0", { loss: { kind: "t_regression", df: 4, scale: 0 } }],
    ["data.student_df: got 0", { data: aData({ xDist: "heavy_tail", studentDf: 0 }) }],
    ["data.mixture_k: got 0", { data: aData({ xDist: "mixture", mixtureK: 0 }) }],
    ["data.x_dim_latent: got 0", { data: aData({ xDist: "lowdim_manifold", xDimLatent: 0 }) }],
    ["data.n_data: got 0", { data: aData({ nData: 0 }) }],
  ])("names %s", (expected, changes) => {
    expect(messageOf(changes)).toContain(expected);
  });

  it("names all mistakes at once", () => {
    const message = messageOf({
      model: aDeepLinear({ rank: 9 }),
      data: aData({ nData: 0, noiseModel: "student_t", studentDf: -1 }),
    });
    expect(message).toContain("model.rank");
    expect(message).toContain("data.n_data");
    expect(message).toContain("data.student_df");
  });
});
