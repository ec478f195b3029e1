/** Warmup on a kernel whose acceptance and positions are known. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import type {
  Tunable,
  WindowAdaptationSettings,
} from "../../../../src/samplers/adaptation/window-adaptation.ts";
import { WindowAdaptation } from "../../../../src/samplers/adaptation/window-adaptation.ts";
import { windowSchedule } from "../../../../src/samplers/adaptation/window-schedule.ts";

const numChains = 4;
const spread = [1, 1e-3];
/** Length of the first slow window of 200 transitions of 4 chains. */
const firstWindow = 13;

const settings: WindowAdaptationSettings = {
  numWarmup: 200,
  numChains,
  dim: 2,
  stepSize: 1,
  adaptStepSize: true,
  adaptMassMatrix: true,
  targetAcceptance: 0.8,
  massMatrixFloor: 1e-3,
};

/** Accepts with e^{−ε}; positions are independent normals of the given spread, in the first window 100 times that. */
const aKernel = (): Tunable & { readonly published: Float64Array[]; readonly probed: number[] } => {
  const published: Float64Array[] = [];
  const probed: number[] = [];
  let step = 0;
  return {
    published,
    probed,
    probe: async (stepSize) => {
      probed.push(stepSize);
      return Math.exp(-stepSize);
    },
    positions: async () => {
      const out = new Float64Array(2 * numChains);
      fillNormal({ seed: 5, purpose: 6, step: step++ }, out);
      const factor = step <= firstWindow ? 100 : 1;
      return out.map((z, i) => factor * z * (spread[i % 2] ?? 1));
    },
    setInverseMass: (inverseMass) => void published.push(inverseMass),
  };
};

/** Transitions `from` … numWarmup − 1, each with the acceptance of the current step size. */
const adapt = async (adaptation: WindowAdaptation, kernel: Tunable, from = 0): Promise<void> => {
  if (from === 0) await adaptation.begin(kernel);
  for (let index = from; index < settings.numWarmup; index++) {
    await adaptation.update(kernel, index, Math.exp(-adaptation.stepSize));
  }
};

describe("WindowAdaptation", () => {
  it("ends with the step size whose acceptance is the target", async () => {
    const adaptation = new WindowAdaptation(settings);
    await adapt(adaptation, aKernel());
    expect(Math.abs(Math.exp(-adaptation.stepSize) - 0.8)).toBeLessThan(0.05);
  });

  it("publishes a mass matrix at the end of each slow window, of that window's positions alone", async () => {
    const [adaptation, kernel] = [new WindowAdaptation(settings), aKernel()];
    await adapt(adaptation, kernel);
    const slow = windowSchedule(200, numChains).filter(({ isSlow }) => isSlow);
    expect(kernel.published).toHaveLength(slow.length);
    // 248 draws in the last window: relative sd of a variance √(2/247) = 0.09; 5 of them, and the floor is 2 % of the smaller.
    const [first = 0, second = 0] = kernel.published.at(-1) ?? [];
    expect(Math.abs(first - 1)).toBeLessThan(0.5);
    expect(Math.abs(second / 1e-6 - 1)).toBeLessThan(1);
    expect(adaptation.inverseMass).toEqual(kernel.published.at(-1));
  });

  it("touches neither step size nor mass matrix that are not to adapt", async () => {
    const kernel = aKernel();
    const fixed = new WindowAdaptation({ ...settings, adaptStepSize: false, adaptMassMatrix: false });
    await adapt(fixed, kernel);
    expect(fixed.stepSize).toBe(1);
    expect(kernel.published).toEqual([]);
    expect(kernel.probed).toEqual([]);
  });

  it("keeps unit mass when no chain ever moved", async () => {
    const kernel = { ...aKernel(), positions: async () => new Float64Array(8) };
    const adaptation = new WindowAdaptation(settings);
    await adapt(adaptation, kernel);
    expect(kernel.published).toEqual([]);
    expect([...adaptation.inverseMass]).toEqual([1, 1]);
  });

  it("continues from its snapshot as if it had never stopped", async () => {
    const [whole, half] = [new WindowAdaptation(settings), new WindowAdaptation(settings)];
    await adapt(whole, aKernel());
    const kernel = aKernel();
    await half.begin(kernel);
    for (let index = 0; index < 100; index++) await half.update(kernel, index, Math.exp(-half.stepSize));
    const resumed = new WindowAdaptation(settings);
    resumed.restore(kernel, structuredClone(half.snapshot()));
    await adapt(resumed, kernel, 100);
    expect(resumed.snapshot()).toEqual(whole.snapshot());
  });
});
