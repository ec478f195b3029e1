/** First-order training: stop rules, minibatches, divergence, cancellation. */
import { describe, expect, it } from "vitest";
import { createReferenceBackend } from "../../../../src/compute/reference/reference-backend.ts";
import { drawDataset } from "../../../../src/targets/data/dataset.ts";
import { buildTeacher } from "../../../../src/targets/data/teacher.ts";
import { lossModelOf } from "../../../../src/targets/loss-model.ts";
import type { TrainingConfig } from "../../../../src/targets/target-config.ts";
import { normOf, openObjective } from "../../../../src/targets/training/objective.ts";
import { openPace } from "../../../../src/targets/training/pacing.ts";
import { type TrainedNetwork, train } from "../../../../src/targets/training/train.ts";
import { aData, anMlp, aTraining } from "../../../support/target-configs.ts";

/** Linear regression of 3 parameters on 64 points: convex, so every optimiser must arrive. */
const trainLinear = async (
  changes: Partial<TrainingConfig>,
  signal?: AbortSignal,
): Promise<TrainedNetwork> => {
  const model = anMlp({ depth: 0, widths: null });
  const loss = { kind: "mse" } as const;
  const dataset = drawDataset(
    { data: aData(), teacher: buildTeacher(model, {}, 1), loss },
    { name: "training", numData: 64, seed: 1 },
  );
  const objective = openObjective(createReferenceBackend(), {
    model: lossModelOf({ model, loss }),
    dataset,
    seed: 1,
  });
  const pace = openPace(signal === undefined ? {} : { signal });
  try {
    return await train({ objective, training: aTraining(changes), pace }, new Float64Array(3));
  } finally {
    objective.close();
  }
};

describe("train", () => {
  it.each([
    { optimizer: "sgd", learningRate: 0.3 },
    { optimizer: "sgd", learningRate: 0.05, momentum: 0.9 },
    { optimizer: "adam", learningRate: 0.05 },
    { optimizer: "adamw", learningRate: 0.05 },
  ] as const)("reaches gradient_tol with %j", async (changes) => {
    const end = await trainLinear({ ...changes, steps: 5000, gradientTol: 1e-8 });
    expect(end.stopReason).toBe("gradient_tol");
    expect(normOf(end.gradient)).toBeLessThan(1e-8);
    expect(end.steps).toBeLessThan(5000);
  });

  it("ends at the step limit without tolerances, and has evaluated where it ended", async () => {
    const end = await trainLinear({ optimizer: "sgd", steps: 7, gradientTol: null });
    expect(end).toMatchObject({ steps: 7, stopReason: "steps" });
    expect(end.loss).toBeLessThan(
      (await trainLinear({ optimizer: "sgd", steps: 6, gradientTol: null })).loss,
    );
  });

  it("stops early after step 100 where the last 20 losses hardly differ, and never with null", async () => {
    const flat = { optimizer: "sgd", learningRate: 0.3, steps: 300, gradientTol: null } as const;
    expect(await trainLinear({ ...flat, earlyStopTol: 1e-6 })).toMatchObject({
      stopReason: "early_stop",
      steps: 101,
    });
    expect(await trainLinear({ ...flat, earlyStopTol: null })).toMatchObject({
      stopReason: "steps",
      steps: 300,
    });
  });

  it("reaches the neighbourhood of the minimum with minibatches", async () => {
    const exact = await trainLinear({ optimizer: "sgd", learningRate: 0.3, steps: 5000, gradientTol: 1e-8 });
    const noisy = await trainLinear({
      optimizer: "sgd",
      learningRate: 0.02,
      batchSize: 16,
      steps: 2000,
      gradientTol: null,
    });
    expect(noisy.loss).toBeGreaterThanOrEqual(exact.loss);
    expect(noisy.loss).toBeLessThan(1.1 * exact.loss);
  });

  it("looks at all data once in about an epoch with minibatches", async () => {
    const settings = {
      optimizer: "sgd",
      learningRate: 0.01,
      batchSize: 16,
      steps: 4000,
      gradientTol: null,
    } as const;
    const end = await trainLinear({ ...settings, earlyStopTol: 1e-2 });
    expect(end.stopReason).toBe("early_stop");
    expect(end.steps % 4).toBe(0);
    expect(end.steps).toBeGreaterThan(100);
  });

  it("repeats itself to the bit", async () => {
    const settings = { batchSize: 8, steps: 200, gradientTol: null } as const;
    expect((await trainLinear(settings)).w).toEqual((await trainLinear(settings)).w);
  });

  it("says what to lower when it diverges", async () => {
    await expect(trainLinear({ optimizer: "sgd", learningRate: 1e6, steps: 1000 })).rejects.toMatchObject({
      code: "NUMERICS",
      message: expect.stringMatching(
        /at step \d+ the loss is .*Lower training\.learning_rate \(now 1000000/,
      ) as string,
    });
  });

  it("stops on the signal", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 60);
    await expect(
      trainLinear({ steps: 100_000_000, gradientTol: null }, controller.signal),
    ).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
