/**
 * SGLD with step sizes that vary, against the exact law of its recursion on a quadratic: started at w*,
 * E[x²] obeys v ← (1 − ε_k·A/2)²·v + ε_k, so that the mean of the recorded llc is known for any schedule.
 *
 * 1,000 independent chains, |z| < 6: false alarm 2e-9 a check; seeds are fixed, the bound holds for any.
 */
import { describe, expect, it } from "vitest";
import type { Ensemble } from "../../src/compute/backend.ts";
import { recordedSteps, StepFactors } from "../../src/samplers/langevin/step-schedule.ts";
import type { SgldSettings } from "../../src/samplers/sgld.ts";
import { sgld } from "../../src/samplers/sgld.ts";
import { lawSeed } from "../support/law-seed.ts";
import { aPosterior, collectDraws, llcChains } from "../support/posteriors.ts";
import { zScore } from "../support/z-score.ts";

const bound = 6;
const curvature = [0.2, 3];
const [nBeta, gamma] = [10, 1];

const base: SgldSettings = {
  steps: 240,
  warmup: 40,
  batchSize: null,
  stepSize: 0.06,
  precond: "none",
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  biasCorrection: true,
  initialSecondMoment: 1,
  evalEvery: 1,
  freezePreconditioner: true,
  schedule: "constant",
};
const polynomial: SgldSettings = { ...base, schedule: "polynomial", decayPower: 0.8, decayOffset: 20 };
const cyclical: SgldSettings = { ...base, schedule: "cyclical", cycles: 3, exploration: 0.6 };

/** Mean over recorded steps of E[½·nβ·Σ h·x²]. */
const exactLlc = (settings: SgldSettings): number => {
  const { steps, warmup, evalEvery, stepSize } = settings;
  const factors = new StepFactors(settings, steps);
  const recorded = new Set(recordedSteps(factors, { steps, warmup: warmup ?? 0, evalEvery }));
  let sum = 0;
  for (const h of curvature) {
    let v = 0;
    for (let k = 0; k < steps; k++) {
      const step = (stepSize ?? Number.NaN) * factors.at(k);
      v = (1 - (step * (nBeta * h + gamma)) / 2) ** 2 * v + step;
      if (recorded.has(k + 1)) sum += (nBeta * h * v) / 2 / recorded.size;
    }
  }
  return sum;
};

const scoreOf = async (
  settings: SgldSettings,
  expected: number,
  change: (inner: Ensemble) => Ensemble = (inner) => inner,
): Promise<number> => {
  const model = { kind: "quadratic", curvature } as const;
  const inner = aPosterior({ seed: lawSeed, model, nBeta, gamma, numChains: 1000, startScale: 0 });
  const posterior = { ...inner, ensemble: change(inner.ensemble) };
  const chains = llcChains(await collectDraws(await sgld.start(posterior, settings)), posterior);
  return zScore(
    chains.map((chain) => chain.reduce((sum, value) => sum + value, 0) / chain.length),
    expected,
  );
};

/** Every step as large as the first of its call. */
const withoutSchedule = (inner: Ensemble): Ensemble =>
  new Proxy(inner, {
    get: (target, name) => {
      if (name === "langevin") {
        const langevin: Ensemble["langevin"] = (state, settings) =>
          target.langevin(state, {
            ...settings,
            stepSizes: settings.stepSizes.map(() => base.stepSize ?? 0),
          });
        return langevin;
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });

describe.each([
  ["polynomial", polynomial],
  ["cyclical", cyclical],
])("SGLD with a %s schedule", (_, settings) => {
  it("has the law of its own recursion", async () => {
    expect(await scoreOf(settings, exactLlc(settings))).toBeLessThan(bound);
  });

  it("is seen to fail when it keeps the first step size", async () => {
    expect(await scoreOf(settings, exactLlc(settings), withoutSchedule)).toBeGreaterThan(bound);
  });

  it("does not have the law of a constant step size, whose draws are too wide", async () => {
    expect(exactLlc(settings)).toBeLessThan(exactLlc(base));
    expect(await scoreOf(settings, exactLlc(base))).toBeGreaterThan(bound);
  });
});

it("is seen to fail when a cyclical run records its exploration too", async () => {
  expect(await scoreOf({ ...cyclical, exploration: 0 }, exactLlc(cyclical))).toBeGreaterThan(bound);
});
