import { describe, expect, it } from "vitest";
import { accuracyOf } from "../../../src/analysis/accuracy.ts";
import { isTimeToLook, metGoals } from "../../../src/analysis/stopping-rule.ts";
import { goldenChains } from "../../support/golden-chains.ts";

describe("isTimeToLook", () => {
  it("looks at 100 draws and then at every tenth more, each number decided by itself", () => {
    const looks = Array.from({ length: 260 }, (_, i) => i).filter(isTimeToLook);
    expect(looks).toEqual([100, 111, 123, 136, 150, 165, 182, 201, 222, 245]);
  });
});

describe("metGoals", () => {
  // 4 chains × 250 draws without correlation, about 0 and so with llc about 3 ∓ 0.01.
  const loss = goldenChains.T8.map((chain) => chain.map((value) => value + 3));
  const distance = loss;
  const draws = { loss, rawLoss: loss, distance };
  const facts = { nBeta: 1, initialLoss: 0, isIndependent: false };
  const { llcMcse, llcMean, essBulk, rHat } = accuracyOf(draws, facts);

  it("names the goals that are met, and only if all are", () => {
    expect(rHat).toBeLessThan(1.01);
    const [met, missed] = [(1.01 * llcMcse) / llcMean, (0.99 * llcMcse) / llcMean];
    expect(metGoals({ mcseRel: met }, draws, facts)).toBe("mcse_rel");
    expect(metGoals({ mcseRel: missed }, draws, facts)).toBeNull();
    expect(metGoals({ essBulk: essBulk - 1 }, draws, facts)).toBe("ess_bulk");
    expect(metGoals({ essBulk: essBulk + 1 }, draws, facts)).toBeNull();
    expect(metGoals({ mcseRel: met, essBulk: essBulk - 1 }, draws, facts)).toBe("mcse_rel and ess_bulk");
    expect(metGoals({ mcseRel: met, essBulk: essBulk + 1 }, draws, facts)).toBeNull();
    expect(metGoals({}, draws, facts)).toBeNull();
  });

  it("is not met by draws too few for their error to be trusted, however small it is", () => {
    const few = loss.map((chain) => chain.slice(0, 80));
    expect(metGoals({ mcseRel: 1 }, { loss: few, rawLoss: few, distance: few }, facts)).toBeNull();
  });

  it("is never met by chains that disagree, nor by draws that are not finite", () => {
    const apart = loss.map((chain, c) => chain.map((value) => value + c));
    expect(metGoals({ mcseRel: 1 }, { ...draws, loss: apart, rawLoss: apart }, facts)).toBeNull();
    const broken = loss.map((chain) => chain.map((value, i) => (i === 7 ? Number.NaN : value)));
    expect(
      metGoals({ mcseRel: 1, essBulk: 1 }, { ...draws, loss: broken, rawLoss: broken }, facts),
    ).toBeNull();
  });

  it("is never met by chains that have been unequally far from w*, unless they are fits", () => {
    const unequal = distance.map((chain, c) => chain.map((value) => value + c));
    const goal = { essBulk: 1 };
    expect(metGoals(goal, { ...draws, distance: unequal }, facts)).toBeNull();
    expect(metGoals(goal, { ...draws, distance: unequal }, { ...facts, isIndependent: true })).toBe(
      "ess_bulk",
    );
  });

  it("takes the relative error of a negative llc by its size", () => {
    expect(metGoals({ mcseRel: 0.1 }, draws, { ...facts, initialLoss: 6 })).toBe("mcse_rel");
  });
});
