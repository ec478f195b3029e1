/** The control variate of E_q[L_n]: its mean is exact whatever the loss, and it takes out most of the noise. */
import { describe, expect, it } from "vitest";
import type { LossModel } from "../../../../src/compute/model.ts";
import { WorkCounter } from "../../../../src/samplers/chains/work-counter.ts";
import { ControlVariate, type Variates } from "../../../../src/samplers/variational/vi-control-variate.ts";
import { drawFromFits } from "../../../../src/samplers/variational/vi-draws.ts";
import type { FactorMixture } from "../../../../src/samplers/variational/vi-mixture.ts";
import { curvatureRounds } from "../../../../src/samplers/variational/vi-settings.ts";
import { aMixture, drawable } from "../../../support/mixtures.ts";
import { aPosterior } from "../../../support/posteriors.ts";

const numChains = 3;
const build = async (model: LossModel, mixtures: readonly FactorMixture[]) => {
  const posterior = aPosterior({
    model,
    numChains,
    center: new Float64Array(mixtures[0]!.shape.dim).fill(0.3),
  });
  const counter = new WorkCounter(posterior.ensemble);
  const variate = new ControlVariate(posterior, counter);
  const { columns, diagonal } = curvatureRounds(posterior.ensemble);
  for (let round = 0; round < 2 * columns + diagonal; round++) await variate.round(round, mixtures);
  return { posterior, counter, variate };
};

const mixturesOf = (dim: number): FactorMixture[] =>
  Array.from({ length: numChains }, (_, chain) => aMixture(dim, [2, 1, 0], { seed: 20 + chain, scale: 0.2 }));

/** Losses less L_n(w*), variates and their sums for draws of every chain. */
const drawPairs = async (
  { posterior, variate }: Awaited<ReturnType<typeof build>>,
  mixtures: readonly FactorMixture[],
) => {
  const { ensemble } = posterior;
  const buffers = { noise: ensemble.vectors(), position: ensemble.vectors() };
  const pairs: { chain: number; loss: number; variates: Variates }[] = [];
  for (let step = 0; step < 4000; step++) {
    const draws = await drawFromFits({ posterior, buffers }, drawable(mixtures), {
      kind: "evaluation",
      step,
    });
    const loss = ensemble.scalars();
    ensemble.loss(buffers.position, loss);
    const losses = await ensemble.readScalars(loss);
    draws.forEach((draw, chain) =>
      pairs.push({ chain, loss: losses[chain]!, variates: variate.variatesAt(draw) }),
    );
  }
  return pairs;
};

const moments = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance, error: Math.sqrt(variance / values.length) };
};

const quartic: LossModel = { kind: "power_sum", coefficient: 1, exponents: [2, 1, 2, 1.5, 1] };
const wideQuartic: LossModel = {
  kind: "power_sum",
  coefficient: 1,
  exponents: Array.from({ length: 40 }, (_, i) => 1 + (i % 3) / 2),
};

describe("ControlVariate", () => {
  it("is the loss itself, less a constant, on a quadratic of few dimensions", async () => {
    const curvature = [1, 4, 25, 0, 9];
    const mixtures = mixturesOf(5);
    const { variate } = await build({ kind: "quadratic", curvature }, mixtures);
    const displacement = Float64Array.of(0.1, -0.4, 0.2, 3, 0.7);
    const exact = curvature.reduce((sum, h, i) => sum + (h * displacement[i]! ** 2) / 2, 0);
    const [linear, core, diagonal] = variate.variatesAt(displacement);
    expect(linear).toBeCloseTo(
      curvature.reduce((sum, h, i) => sum + 0.3 * h * displacement[i]!, 0),
      12,
    );
    expect(core).toBeCloseTo(exact, 12);
    expect(diagonal).toBe(0);
    const [, mean] = variate.meansUnder(mixtures[1]!);
    // ½tr(HS̄), the diagonal part of S̄ included.
    expect(mean).toBeCloseTo(
      mixtures[1]!.variances().reduce((sum, value, i) => sum + (curvature[i]! * value) / 2, 0),
      12,
    );
  });

  it("finds a diagonal Hessian of more dimensions than it has columns", async () => {
    const curvature = Array.from({ length: 40 }, (_, i) => 1 + (i % 5));
    const { variate } = await build({ kind: "quadratic", curvature }, mixturesOf(40));
    const displacement = Float64Array.from({ length: 40 }, (_, i) => Math.sin(i));
    const exact = curvature.reduce((sum, h, i) => sum + (h * displacement[i]! ** 2) / 2, 0);
    const [, core, diagonal] = variate.variatesAt(displacement);
    expect(Math.abs((core + diagonal) / exact - 1)).toBeLessThan(0.2);
  });

  // 4,000 draws a chain, bound 5 standard errors of the mean (6e-7 a check).
  it.each([
    ["few", quartic, 5],
    ["many", wideQuartic, 40],
  ] as const)(
    "has exactly the mean it claims on a loss that is not quadratic: %s dimensions",
    async (_, model, dim) => {
      const mixtures = mixturesOf(dim);
      const built = await build(model, mixtures);
      const pairs = await drawPairs(built, mixtures);
      for (let chain = 0; chain < numChains; chain++) {
        const means = built.variate.meansUnder(mixtures[chain]!);
        for (const part of [0, 1, 2] as const) {
          const { mean, error } = moments(
            pairs.filter((pair) => pair.chain === chain).map((pair) => pair.variates[part]),
          );
          expect(Math.abs(mean - means[part])).toBeLessThan(5 * error + 1e-12);
          // The claim without the diagonal part of S̄ (the loadings' part alone) is seen to fail.
          if (part === 1) expect(Math.abs(mean - 0.5 * means[part])).toBeGreaterThan(5 * error);
        }
      }
    },
  );

  it("leaves less than a third of the variance of a loss that is not quadratic", async () => {
    const mixtures = mixturesOf(5);
    const built = await build(quartic, mixtures);
    const pairs = (await drawPairs(built, mixtures)).filter(({ chain }) => chain === 0);
    const means = ([0, 1, 2] as const).map(
      (part) => moments(pairs.map(({ variates }) => variates[part])).mean,
    );
    const { mean, variance } = moments(pairs.map(({ loss }) => loss));
    const centred = ({ variates: [a, b, c] }: { variates: Variates }): Variates => [
      a - means[0]!,
      b - means[1]!,
      c - means[2]!,
    ];
    built.variate.fit(
      pairs.slice(0, 100).map((pair) => ({ loss: pair.loss - mean, variates: centred(pair) })),
    );
    const rest = pairs
      .slice(100)
      .map((pair) =>
        centred(pair).reduce((sum, value, i) => sum - built.variate.coefficients[i]! * value, pair.loss),
      );
    expect(moments(rest).variance).toBeLessThan(variance / 3);
  });

  it("costs two gradients a round", async () => {
    const mixtures = mixturesOf(40);
    const { counter, posterior } = await build(wideQuartic, mixtures);
    // 16 columns twice and 8 probes, 3 chains at once: 6 + 6 + 3 rounds.
    expect(counter.work.gradients).toBe(2 * 15 * numChains * posterior.ensemble.numData);
  });

  it("ignores a variate that does not vary, and pilots that are not finite", async () => {
    const { variate } = await build(quartic, mixturesOf(5));
    const pilots = [-1, 0, 1].map((x) => ({ loss: 3 * x, variates: [0, x, 0] as const }));
    variate.fit([...pilots, { loss: Number.NaN, variates: [1, 1, 1] }]);
    [0, 3, 0].forEach((value, i) => expect(variate.coefficients[i]).toBeCloseTo(value, 7));
    variate.fit(pilots.map(({ loss }) => ({ loss, variates: [0, 0, 0] })));
    expect([...variate.coefficients]).toEqual([0, 0, 0]);
  });
});
