/** SGLD as a run: the golden recursion, which draw belongs to which step, freezing, minibatches, bounded calls. */
import { describe, expect, it } from "vitest";
import type { LangevinSettings } from "../../../src/compute/backend.ts";
import { purpose } from "../../../src/random/purpose.ts";
import type { Posterior } from "../../../src/samplers/sampler.ts";
import type { SgldSettings } from "../../../src/samplers/sgld.ts";
import { sgld } from "../../../src/samplers/sgld.ts";
import { aNetworkPosterior, aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";

const settingsWith = (changes: Partial<SgldSettings>): SgldSettings => ({
  ...settingsOf("sgld"),
  ...changes,
});

const langevin = (changes: Partial<LangevinSettings>): LangevinSettings => ({
  preconditioner: "none",
  stepSizes: Float64Array.of(1e-3),
  batchSize: 0,
  beta1: 0.9,
  beta2: 0.999,
  floor: 1e-8,
  biasCorrection: true,
  isFrozen: false,
  stepsDone: 0,
  numSteps: 1,
  ...changes,
});

describe("langevin of the backend", () => {
  it.each(["rmsprop", "adam"] as const)(
    "follows the golden moments of %s with v0 = 1",
    async (preconditioner) => {
      // ε = 1e-3, g = 2, −1, 0.5, from the recursion in double precision: v, ε_t, m̂.
      const golden = [
        { g: 2, v: 1.003, stepSize: 3.1575448887563556e-5, mean: 2 },
        { g: -1, v: 1.002997, stepSize: 4.464332981091357e-5, mean: 0.4210526315789474 },
        { g: 0.5, v: 1.0022440030000002, stepSize: 5.468355123116757e-5, mean: 0.45018450184501857 },
      ];
      const model = { kind: "quadratic", curvature: [1] } as const;
      const [nBeta, gamma] = [10, 3];
      const { ensemble } = aPosterior({ model, nBeta, gamma, numChains: 1 });
      const [position, secondMoment, firstMoment, noise] = Array.from({ length: 4 }, () =>
        ensemble.vectors(),
      );
      if (!position || !secondMoment || !firstMoment || !noise) throw new Error("bug: no arrays");
      ensemble.writeVectors(secondMoment, Float64Array.of(1));
      for (const [step, { g, v, stepSize, mean }] of golden.entries()) {
        // On ½w² the gradient is w itself.
        ensemble.writeVectors(position, Float64Array.of(g));
        ensemble.langevin(
          { position, secondMoment, firstMoment },
          langevin({ preconditioner, stepsDone: step }),
        );
        ensemble.normal({ purpose: purpose.langevinNoise, step }, noise);
        const [z] = await ensemble.readVectors(noise);
        const drift = preconditioner === "adam" ? mean : g;
        const expected =
          g - (stepSize / 2) * (nBeta * drift + gamma * g) + Math.sqrt(stepSize) * (z ?? Number.NaN);
        expect((await ensemble.readVectors(position))[0]).toBeCloseTo(expected, 12);
        expect((await ensemble.readVectors(secondMoment))[0]).toBeCloseTo(v, 14);
      }
    },
  );
});

/** Every `langevin` call of a run. */
const callsOf = async (posterior: Posterior, settings: SgldSettings): Promise<LangevinSettings[]> => {
  const calls: LangevinSettings[] = [];
  const ensemble = new Proxy(posterior.ensemble, {
    get: (target, name) => {
      if (name === "langevin") {
        return (state: never, call: LangevinSettings) => {
          calls.push(call);
          target.langevin(state, call);
        };
      }
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
  await collectDraws(await sgld.start({ ...posterior, ensemble }, settings));
  return calls;
};

describe("sgld", () => {
  it("records the loss over all data at the position that its steps lead to", async () => {
    const posterior = aNetworkPosterior();
    const run = await sgld.start(posterior, settingsWith({ steps: 30, warmup: 8, evalEvery: 5 }));
    await run.warmup(0);
    expect(run.numDraws).toBe(4);
    for (let index = 0; index < run.numDraws; index++) {
      const { loss } = await run.draw(index);
      const snapshot = await run.snapshot();
      expect(snapshot["stepsDone"]).toBe(8 + 5 * (index + 1));
      const [position, out] = [posterior.ensemble.vectors(), posterior.ensemble.scalars()];
      posterior.ensemble.writeVectors(position, snapshot["position"] as Float64Array);
      posterior.ensemble.loss(position, out);
      expect(await posterior.ensemble.readScalars(out)).toEqual(loss);
    }
  });

  it("drops a fifth of its steps when warmup is null", async () => {
    const run = await sgld.start(aPosterior(), settingsWith({ steps: 103, warmup: null, evalEvery: 10 }));
    expect(run.numDraws).toBe(8);
  });

  it("draws the same whether draws are recorded every step or every fifth", async () => {
    const changes = { precond: "adam", steps: 48, warmup: 8 } as const;
    const often = await collectDraws(
      await sgld.start(aNetworkPosterior(), settingsWith({ ...changes, evalEvery: 1 })),
    );
    const seldom = await collectDraws(
      await sgld.start(aNetworkPosterior(), settingsWith({ ...changes, evalEvery: 5 })),
    );
    expect(seldom.map(({ loss }) => loss)).toEqual(
      often.filter((_, index) => index % 5 === 4).map(({ loss }) => loss),
    );
  });

  it("uses all data, once each, when the batch is not smaller", async () => {
    const full = await collectDraws(await sgld.start(aNetworkPosterior(), settingsWith({ batchSize: null })));
    const equal = await sgld.start(aNetworkPosterior(), settingsWith({ batchSize: 23 }));
    expect(await collectDraws(equal)).toEqual(full);
    expect(equal.tuned).toMatchObject({ noise_ratio_mean: 0, noise_ratio_max: 0 });
    const calls = await callsOf(aNetworkPosterior(), settingsWith({ batchSize: 22 }));
    expect(new Set(calls.map(({ batchSize }) => batchSize))).toEqual(new Set([22]));
  });

  it("bounds the steps of a call by their work, and counts every step once", async () => {
    const model = { kind: "quadratic", curvature: Array.from({ length: 20_000 }, () => 1) } as const;
    const dataset = { numData: 2_000, inputs: new Float64Array(0), labels: new Float64Array(0) };
    const posterior = aPosterior({ model, dataset, numChains: 2, gamma: 1 });
    const calls = await callsOf(
      posterior,
      settingsWith({ steps: 26, warmup: 7, evalEvery: 9, batchSize: 1_000 }),
    );
    // 2 chains · 20,000 parameters · 1,008 rows: 4 steps are within 2e8.
    expect(calls.map(({ numSteps }) => numSteps)).toEqual([4, 3, 4, 4, 1, 4, 4, 1]);
    expect(calls.map(({ stepsDone }) => stepsDone)).toEqual([0, 4, 7, 11, 15, 16, 20, 24]);
  });

  it("freezes v at the end of warmup with its bias correction baked in", async () => {
    const posterior = aNetworkPosterior();
    const run = await sgld.start(posterior, settingsWith({ precond: "adam" }));
    await run.warmup(0);
    const warm = await run.snapshot();
    await run.draw(0);
    const first = await run.snapshot();
    await run.draw(1);
    const second = await run.snapshot();
    const baked = (warm["secondMoment"] as Float64Array).map((value) => value / (1 - 0.99 ** 8));
    expect(first["secondMoment"]).toEqual(baked);
    expect(second["secondMoment"]).toEqual(baked);
    expect(second["firstMoment"]).not.toEqual(first["firstMoment"]);
    const calls = await callsOf(aNetworkPosterior(), settingsWith({ precond: "adam" }));
    const flags = calls.map(({ stepsDone, isFrozen, biasCorrection }) => [
      stepsDone >= 8,
      isFrozen,
      biasCorrection,
    ]);
    expect(new Set(flags.map(String))).toEqual(new Set(["false,false,true", "true,true,false"]));
  });

  it("goes on adapting when the preconditioner is not to be frozen", async () => {
    const changes = { precond: "rmsprop", freezePreconditioner: false } as const;
    const calls = await callsOf(aNetworkPosterior(), settingsWith(changes));
    expect(calls.every(({ isFrozen, biasCorrection }) => !isFrozen && biasCorrection)).toBe(true);
  });

  it("gives a chain the same draws alone and in a batch", async () => {
    const changes = { precond: "rmsprop" } as const;
    const batch = await collectDraws(await sgld.start(aNetworkPosterior(), settingsWith(changes)));
    for (let chain = 0; chain < 4; chain++) {
      const posterior = aNetworkPosterior({ numChains: 1, firstChain: chain });
      const alone = await collectDraws(await sgld.start(posterior, settingsWith(changes)));
      expect(alone.map(({ loss }) => loss[0])).toEqual(batch.map(({ loss }) => loss[chain]));
    }
  });

  it("chooses a step size of 0.02 over the largest curvature when it is null", async () => {
    const run = await sgld.start(aPosterior(), settingsWith({ stepSize: null, batchSize: null }));
    const draws = await collectDraws(run);
    expect((run.tuned["step_size"] ?? Number.NaN) * 251).toBeCloseTo(0.02, 6);
    expect(draws[0]?.statistics["step_size"]?.[0]).toBe(run.tuned["step_size"]);
    expect(run.warnings).toEqual([]);
  });

  it("judges a given step size by the curvature where chains are, not at w*, where w1²w2² is flat", async () => {
    const model = { kind: "monomial", coefficient: 1, exponents: [1, 1] } as const;
    const posterior = aPosterior({ model, nBeta: 21.7, startScale: 0.01 });
    const run = await sgld.start(posterior, settingsWith({ stepSize: 0.02, batchSize: null, steps: 2000 }));
    await collectDraws(run);
    expect(run.tuned["step_curvature"]).toBeGreaterThan(0.36);
    expect(run.warnings.join()).toContain("largest curvature where chains are");
  });

  it("records a chain that runs away as diverging, and warns", async () => {
    const run = await sgld.start(aPosterior(), settingsWith({ stepSize: 10, steps: 400 }));
    const draws = await collectDraws(run);
    expect([...(draws.at(-1)?.statistics["diverging"] ?? [])]).toEqual([1, 1, 1, 1]);
    expect(run.warnings.join()).toContain("no stationary law");
  });
});
