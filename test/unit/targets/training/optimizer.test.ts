/** Update rules against hand-computed steps. */
import { describe, expect, it } from "vitest";
import { openOptimizer, type UpdateSettings } from "../../../../src/targets/training/optimizer.ts";

const settings: UpdateSettings = { optimizer: "sgd", learningRate: 0.1, weightDecay: 0, momentum: 0 };

const run = (changes: Partial<UpdateSettings>, gradients: readonly number[], start = 1): number[] => {
  const update = openOptimizer({ ...settings, ...changes }, 1);
  const w = Float64Array.of(start);
  return gradients.map((gradient) => {
    update(w, Float64Array.of(gradient));
    return w[0] ?? NaN;
  });
};

describe("openOptimizer", () => {
  it("steps against the gradient with sgd", () => {
    expect(run({}, [2, -1])).toEqual([0.8, 0.9]);
  });

  it("accumulates velocity with momentum", () => {
    // v = 1, then 0.5·1 + 1 = 1.5.
    expect(run({ momentum: 0.5 }, [1, 1])).toEqual([0.9, 0.75]);
  });

  it("takes a first Adam step of the learning rate whatever the gradient's size", () => {
    for (const gradient of [1e-3, 5, -400]) {
      expect(run({ optimizer: "adam" }, [gradient])[0]).toBeCloseTo(1 - 0.1 * Math.sign(gradient), 5);
    }
  });

  it("follows Adam's bias-corrected moments", () => {
    // m = 0.1·2, 0.9·m + 0.1·(−1); v = 0.001·4, 0.999·v + 0.001·1.
    const [, second] = run({ optimizer: "adam" }, [2, -1]);
    const m = (0.9 * 0.2 - 0.1) / (1 - 0.81);
    const v = (0.999 * 0.004 + 0.001) / (1 - 0.999 ** 2);
    expect(second).toBeCloseTo(0.9 - (0.1 * m) / Math.sqrt(v), 7);
  });

  it("decays weights before the step with adamw, without touching the moments", () => {
    const [first] = run({ optimizer: "adamw", weightDecay: 0.5 }, [3]);
    expect(first).toBeCloseTo(1 - 0.1 * 0.5 - 0.1, 7);
    expect(run({ optimizer: "adamw" }, [3, -2])).toEqual(run({ optimizer: "adam" }, [3, -2]));
  });

  it("adds weight decay to the gradient with sgd and adam", () => {
    expect(run({ weightDecay: 0.5 }, [2])[0]).toBeCloseTo(1 - 0.1 * 2.5, 12);
    expect(run({ optimizer: "adam", weightDecay: 0.5 }, [-0.5], 1)[0]).toBe(1);
  });
});
