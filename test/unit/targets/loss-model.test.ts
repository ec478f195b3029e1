/** Losses from configurations, and which of them have exact coefficients. */
import { describe, expect, expectTypeOf, it } from "vitest";
import { exactLlcOf, type SolvableLoss } from "../../../src/analysis/exact-llc.ts";
import { dimOf } from "../../../src/compute/model.ts";
import { lossModelOf, type SolvableModel, solvableModelOf } from "../../../src/targets/loss-model.ts";
import { aData, aDeepLinear, anMlp, aTarget, aTraining } from "../../support/target-configs.ts";

describe("lossModelOf", () => {
  const loss = { kind: "mse" } as const;

  it("keeps the network and its loss together", () => {
    const model = lossModelOf({ model: anMlp(), loss: { kind: "t_regression", df: 4, scale: 0.2 } });
    expect(model).toMatchObject({ kind: "network", network: { widths: [3] }, loss: { df: 4, scale: 0.2 } });
    expect(dimOf(model)).toBe(13);
  });

  it("spreads one curvature over all directions, and takes a list as it is", () => {
    expect(lossModelOf({ model: { kind: "quadratic", dim: 3, curvature: 2 }, loss })).toEqual({
      kind: "quadratic",
      curvature: [2, 2, 2],
    });
    expect(() => lossModelOf({ model: { kind: "quadratic", dim: 3, curvature: [1] }, loss })).toThrow(
      /1 entries, dim is 3/,
    );
  });

  it("passes powers through", () => {
    const model = { kind: "monomial", exponents: [1, 2], coefficient: 3 } as const;
    expect(lossModelOf({ model, loss })).toEqual(model);
  });
});

describe("solvableModelOf", () => {
  const atTeacher = aTraining({ at: "teacher" });

  it("is what exactLlcOf reads", () => {
    expectTypeOf<SolvableModel>().toExtend<SolvableLoss>();
    const solvable = solvableModelOf(
      aTarget({ model: aDeepLinear({ widths: [5, 3, 5], rank: 2 }), training: atTeacher }),
    );
    if (solvable === null) throw new Error("expected a solvable model");
    expect(exactLlcOf(solvable, { nBeta: 100, gamma: 1 })).toEqual({
      lambda: 9.5,
      multiplicity: 2,
      estimate: null,
    });
  });

  it("knows closed forms, and deep linear networks at their teacher", () => {
    expect(solvableModelOf(aTarget({ model: { kind: "quadratic", dim: 2, curvature: 1 } }))).toEqual({
      kind: "quadratic",
      curvature: [1, 1],
    });
    expect(solvableModelOf(aTarget({ model: aDeepLinear(), training: atTeacher }))).toEqual({
      kind: "deep_linear",
      widths: [3, 2, 3],
      rank: 1,
    });
  });

  it("is null for MLPs, trained deep linear networks, too few points, and classification", () => {
    const model = aDeepLinear();
    expect(solvableModelOf(aTarget({ training: atTeacher }))).toBeNull();
    expect(solvableModelOf(aTarget({ model }))).toBeNull();
    expect(solvableModelOf(aTarget({ model, training: atTeacher, data: aData({ nData: 2 }) }))).toBeNull();
    expect(solvableModelOf(aTarget({ model, training: atTeacher, loss: { kind: "bce" } }))).toBeNull();
  });
});
