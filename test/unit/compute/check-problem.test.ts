/** Problems whose parts do not fit are refused before they reach a device. */
import { describe, expect, it } from "vitest";
import type { Problem } from "../../../src/compute/backend.ts";
import { checkProblem } from "../../../src/compute/check-problem.ts";
import { aNetworkProblem } from "../../support/problems.ts";

const good: Problem = { ...aNetworkProblem({}), precision: "float64" };

describe("checkProblem", () => {
  it("accepts a problem whose parts fit", () => expect(() => checkProblem(good)).not.toThrow());

  it.each([
    { title: "no chains", change: { numChains: 0 }, message: /0 chains/ },
    { title: "half a chain", change: { numChains: 1.5 }, message: /1.5 chains/ },
    { title: "a negative seed", change: { seed: -1 }, message: /seed -1/ },
    { title: "a seed of 2^53", change: { seed: 2 ** 53 }, message: /seed/ },
    {
      title: "no data",
      change: { dataset: { numData: 0, inputs: new Float64Array(0), labels: new Float64Array(0) } },
      message: /0 data points/,
    },
    {
      title: "inputs too short",
      change: { dataset: { ...good.dataset, inputs: new Float64Array(3) } },
      message: /3 input numbers/,
    },
    {
      title: "labels too short",
      change: { dataset: { ...good.dataset, labels: new Float64Array(3) } },
      message: /3 label numbers/,
    },
    {
      title: "no parameters",
      change: { model: { kind: "quadratic", curvature: [] } as const },
      message: /without parameters/,
    },
  ])("refuses $title", ({ change, message }) => {
    expect(() => checkProblem({ ...good, ...change })).toThrow(message);
  });
});
