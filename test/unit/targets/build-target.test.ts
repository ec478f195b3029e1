/** Whole targets on the reference backend. */
import { describe, expect, it } from "vitest";
import { createReferenceBackend } from "../../../src/compute/reference/reference-backend.ts";
import { type BuiltTarget, buildTarget } from "../../../src/targets/build-target.ts";
import { forward } from "../../../src/targets/network/forward.ts";
import type { TargetConfig } from "../../../src/targets/target-config.ts";
import type { BuildProgress } from "../../../src/targets/training/pacing.ts";
import { aData, aDeepLinear, anMlp, aTarget, aTraining } from "../../support/target-configs.ts";

const build = (changes: Partial<TargetConfig> = {}): Promise<BuiltTarget> =>
  buildTarget(aTarget(changes), createReferenceBackend());

describe("buildTarget", () => {
  it("trains a small network to gradient_tol at a point of no negative curvature", async () => {
    const model = anMlp({ widths: [2] });
    const built = await build({
      model,
      data: aData({ nData: 500 }),
      training: aTraining({ polishTol: 0, polishSteps: 3000 }),
    });
    expect(built.gradientNorm).toBeLessThan(1e-6);
    expect(built.smallestEigenvalue).toBeGreaterThan(-1e-6 * built.largestEigenvalue);
    expect(built.training).toMatchObject({ steps: 500, polishStopReason: "gradient_tol", shortfall: 0 });
    expect(built.dims).toEqual({ n: 500, d: 9, inDim: 2, outDim: 1 });
    expect(built.warnings).toEqual([]);
    // The noise has variance 0.01 and 9 of 500 degrees of freedom are fitted.
    expect(built.initialLoss).toBeGreaterThan(0.007);
    expect(built.initialLoss).toBeLessThan(0.013);
    expect(built.testLoss).toBeGreaterThan(0.005);
    expect(built.testLoss).toBeLessThan(0.02);
  });

  it("is a function of the configuration, to the bit", async () => {
    const first = await build();
    const second = await build();
    expect(second.parameters).toEqual(first.parameters);
    expect(second.dataset).toEqual(first.dataset);
    expect((await build({ seed: 43 })).parameters).not.toEqual(first.parameters);
  });

  it("reports the loss and the test loss of the parameters it returns", async () => {
    const built = await build({ model: anMlp({ outDim: 2, depth: 2, widths: [4, 3], activation: "relu" }) });
    if (built.model.kind !== "network" || built.testDataset === null)
      throw new Error("expected a network with test data");
    for (const [dataset, loss] of [
      [built.dataset, built.initialLoss],
      [built.testDataset, built.testLoss],
    ] as const) {
      const outputs = forward(built.model.network, built.parameters, dataset.inputs);
      const squares = outputs.map((value, i) => (value - (dataset.labels[i] ?? NaN)) ** 2);
      expect(loss).toBeCloseTo(squares.reduce((sum, value) => sum + value, 0) / squares.length, 12);
    }
    expect(built.dims.outDim).toBe(2);
    expect(built.widths).toEqual([4, 3]);
  });

  it("lowers the loss further by polishing", async () => {
    const rough = await build({ training: aTraining({ polishSteps: 0, steps: 50 }) });
    const polished = await build({ training: aTraining({ steps: 50 }) });
    expect(rough.training).toMatchObject({ polishSteps: 0, polishStopReason: "not_run", shortfall: null });
    expect(polished.initialLoss).toBeLessThan(rough.initialLoss);
    expect(rough.warnings[0]).toMatch(/gradient norm .* Raise training\.steps/);
  });

  it("warns where the loss is still falling", async () => {
    const training = aTraining({ steps: 5, polishSteps: 8, gradientTol: 0, polishTol: 0 });
    const built = await build({ training, data: aData({ nData: 5000 }) });
    expect(built.training.shortfall).toBeGreaterThan(0);
    expect(built.warnings[0]).toMatch(/can still fall by about/);
  });

  it.each(["bce", "cross_entropy"] as const)("trains on sampled classes with %s", async (kind) => {
    const built = await build({ model: anMlp({ outDim: 3 }), loss: { kind }, data: aData({ nData: 400 }) });
    const guess = kind === "bce" ? Math.log(2) : Math.log(3);
    expect(built.initialLoss).toBeLessThan(guess);
    expect(built.dataset.labels.every((label) => label === 0 || label === 1)).toBe(true);
  });

  it("trains with t_regression on heavy-tailed noise", async () => {
    const loss = { kind: "t_regression", df: 4, scale: 0.1 } as const;
    const built = await build({ loss, data: aData({ noiseModel: "student_t" }) });
    expect(Number.isFinite(built.initialLoss)).toBe(true);
    expect(built.initialLoss).toBeLessThan(3);
  });

  it("takes one point, a linear model, and no test set", async () => {
    const one = await build({
      model: anMlp({ depth: 0, widths: null }),
      data: aData({ nData: 1, nTest: 0 }),
    });
    expect(one.testLoss).toBeNull();
    expect(one.testDataset).toBeNull();
    expect(one.widths).toEqual([]);
    expect(one.initialLoss).toBeLessThan(1e-12);
    expect(one.dims).toEqual({ n: 1, d: 3, inDim: 2, outDim: 1 });
  });

  it("puts w* at the teacher's parameters if asked: loss 0 without noise", async () => {
    const quiet = aData({ noiseModel: "none" });
    const training = aTraining({ at: "teacher" });
    for (const model of [anMlp({ layernorm: true }), aDeepLinear({ widths: [4, 3, 3, 4], rank: 2 })]) {
      const built = await build({ model, training, data: quiet });
      expect(built.parameters).toEqual(built.teacher?.parameters);
      expect(built.initialLoss).toBeLessThan(1e-28);
      expect(built.gradientNorm).toBeLessThan(1e-13);
      expect(built.smallestEigenvalue).toBeGreaterThan(-1e-8);
      expect(built.training).toMatchObject({ stopReason: "not_run", polishStopReason: "not_run" });
    }
  });

  it("trains a deep linear network to the noise", async () => {
    const model = aDeepLinear({ widths: [4, 3, 4], rank: 2 });
    const built = await build({ model, data: aData({ nData: 400 }), training: aTraining({ steps: 2000 }) });
    expect(built.initialLoss).toBeGreaterThan(0.008);
    expect(built.initialLoss).toBeLessThan(0.0105);
    expect(built.solvable).toBeNull();
  });

  it("puts w* of closed forms at 0 with loss 0, and knows their curvature", async () => {
    const quadratic = await build({ model: { kind: "quadratic", dim: 3, curvature: [1, 5, 2] } });
    expect([...quadratic.parameters]).toEqual([0, 0, 0]);
    expect(quadratic).toMatchObject({
      initialLoss: 0,
      gradientNorm: 0,
      testLoss: null,
      teacher: null,
      widths: [],
    });
    expect(quadratic.dims).toEqual({ n: 100, d: 3, inDim: 0, outDim: 0 });
    expect(quadratic.smallestEigenvalue).toBeCloseTo(1, 6);
    expect(quadratic.largestEigenvalue).toBeCloseTo(5, 6);
    for (const kind of ["monomial", "power_sum"] as const) {
      const built = await build({ model: { kind, exponents: [1, 2], coefficient: 2 } });
      expect(built).toMatchObject({ initialLoss: 0, gradientNorm: 0, solvable: { kind, exponents: [1, 2] } });
      expect(built.smallestEigenvalue).toBeGreaterThan(-1e-6);
    }
  });

  it("refuses to sit at a teacher of another architecture", async () => {
    await expect(
      build({ training: aTraining({ at: "teacher" }), teacher: { widths: [5] } }),
    ).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("the teacher's network (widths [5], tanh)") as string,
    });
  });

  it("refuses labels that overflow", async () => {
    await expect(build({ data: aData({ noiseScale: 1e200 }) })).rejects.toMatchObject({
      code: "NUMERICS",
      message: expect.stringContaining("at step 0") as string,
    });
  });

  it("reports progress and stops on the signal", async () => {
    const controller = new AbortController();
    const seen: BuildProgress[] = [];
    const onProgress = (progress: BuildProgress): void => {
      seen.push(progress);
      controller.abort();
    };
    const endless = aTarget({ training: aTraining({ steps: 10_000_000, gradientTol: null }) });
    const building = buildTarget(endless, createReferenceBackend(), {
      onProgress,
      signal: controller.signal,
    });
    await expect(building).rejects.toMatchObject({ code: "CANCELLED" });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ phase: "train", numSteps: 10_000_000 });
  });
});
