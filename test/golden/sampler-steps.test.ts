/**
 * One given step of samplers whose equations no other golden test holds, against numbers that `sampler-steps.py`, beside
 * this file, makes from the equations alone, in double precision and without any code of `src`.
 *
 * Positions, momenta and noise are given. Tolerance 1e-12: the order of a few sums differs; `laplace` 1e-7, since its
 * Hessian is one of differences.
 */
import { describe, expect, it } from "vitest";
import { purpose } from "../../src/random/purpose.ts";
import { CouplingFlow, flowShape } from "../../src/samplers/flow/coupling-flow.ts";
import { laplace } from "../../src/samplers/laplace.ts";
import { nuts } from "../../src/samplers/nuts.ts";
import type { Posterior } from "../../src/samplers/sampler.ts";
import { sghmc } from "../../src/samplers/sghmc.ts";
import { sgnht } from "../../src/samplers/sgnht.ts";
import { aDensityPosterior, type Density } from "../support/density-ensemble.ts";
import { aPosterior, collectDraws } from "../support/posteriors.ts";
import { settingsOf } from "../support/sampler-settings.ts";
import { withNormals } from "../support/with-normals.ts";

const expectNear = (found: unknown, golden: readonly number[], digits = 12): void => {
  const values = Array.from(found as ArrayLike<number>);
  expect(values).toHaveLength(golden.length);
  values.forEach((value, i) => expect(value, `entry ${i}`).toBeCloseTo(golden[i]!, digits));
};

describe("two steps with momentum", () => {
  // w ← w + εp; p ← (1 − f)p − ε(nβ·h∘w + γ(w − w*)) + √(2f₀ − ε²β̂)·z; sgnht: f ← f + ε²(|p|²/d − 1).
  const posterior = (): Posterior => {
    const center = Float64Array.of(0.5, -0.2, 0.1);
    const inner = aPosterior({ center, numChains: 1, startScale: 1 });
    return {
      ...inner,
      ensemble: withNormals(inner.ensemble, {
        [purpose.start]: [0.1, -0.2, 0.05],
        [purpose.momentum]: [0.3, -1.1, 0.7],
        [purpose.langevinNoise]: [0.8, 0.4, -1.5],
      }),
    };
  };
  const length = { steps: 2, warmup: 0, evalEvery: 2, batchSize: null, stepSize: 0.05, friction: 0.2 };

  it("are those of the equations: sghmc", async () => {
    const run = await sghmc.start(posterior(), { ...settingsOf("sghmc"), ...length, noiseEstimate: 3 });
    const { loss } = await run.draw(0);
    const { position, momentum, friction } = await run.snapshot();
    expectNear(position, [0.6363974281722833, -0.44033253591385835, 0.05017513467696874]);
    expectNear(momentum, [0.5185388287074443, 1.3779604057245094, -3.721643091825083]);
    expectNear(friction, [0.2]);
    expectNear(loss, [0.6217556294089565]);
  });

  it("are those of the equations: sgnht", async () => {
    const run = await sgnht.start(posterior(), { ...settingsOf("sgnht"), ...length });
    const { loss } = await run.draw(0);
    const { position, momentum, friction } = await run.snapshot();
    expectNear(position, [0.636635721281347, -0.4402133893593265, 0.04972833509747429]);
    expectNear(momentum, [0.5253297196108668, 1.3808732528454404, -3.7217630867237848]);
    expectNear(friction, [0.21469030947872655]);
    expectNear(loss, [0.6211395185427462]);
  });
});

describe("trees of nuts on a Gaussian in the plane", () => {
  // Curvatures 1 and 9, nβ = 1, γ = 0.5 around (0.2, −0.1), ε = 0.25, V = 1, seed 7; the same momentum every time. From a
  // recursion that was written anew, with its own Philox for directions and candidates.
  const golden = [
    {
      position: [1.584765625, -0.45673828125000004],
      n_steps: 3,
      tree_depth: 2,
      acceptance_rate: 0.9522176328275017,
      energy: 3.755,
      energy_error: -0.019601224344223844,
      max_energy_error: -0.1684544723866379,
    },
    {
      position: [0.3911176502704619, 0.6370105609297753],
      n_steps: 5,
      tree_depth: 2,
      acceptance_rate: 0.9488196232107191,
      energy: 3.95569491147995,
      energy_error: 0.10847919750458823,
      max_energy_error: -0.15794016733797855,
    },
    {
      position: [0.600909010414034, 0.12133555065374824],
      n_steps: 5,
      tree_depth: 2,
      acceptance_rate: 0.9478253197849114,
      energy: 3.297435185280576,
      energy_error: -0.27638858829338675,
      max_energy_error: -0.27638858829338675,
    },
    {
      position: [-0.20321065043211084, 0.22142296647565696],
      n_steps: 11,
      tree_depth: 3,
      acceptance_rate: 0.9267344214770531,
      energy: 1.5492256058879936,
      energy_error: 0.021194338041396588,
      max_energy_error: 0.14503752677642345,
    },
  ];

  it("are those of the recursion, leaf by leaf", async () => {
    const inner = aPosterior({
      model: { kind: "quadratic", curvature: [1, 9] },
      center: Float64Array.of(0.2, -0.1),
      nBeta: 1,
      gamma: 0.5,
      numChains: 1,
      startScale: 1,
    });
    const ensemble = withNormals(inner.ensemble, {
      [purpose.start]: [1.2, -0.4],
      [purpose.momentum]: [0.9, -1.3],
    });
    const settings = { ...settingsOf("nuts"), warmup: 0, stepSize: 0.25, maxDepth: 6, thinning: 1 };
    const run = await nuts.start({ ...inner, ensemble }, { ...settings, draws: golden.length });
    for (const [index, { position, ...statistics }] of golden.entries()) {
      const draw = await run.draw(index);
      expectNear((await run.snapshot())["position"], position);
      for (const [name, value] of Object.entries(statistics)) {
        expect(draw.statistics[name]?.[0], name).toBeCloseTo(value, 12);
      }
    }
  });
});

describe("a draw of laplace", () => {
  // L = ½(2x² + 1.2xy + y²) + x⁴/10, nβ = 3, γ = 0.5, w* = 0: v = P^{−1/2}z, P = 3H + 0.5·I, symmetric root.
  const loss: Density = {
    dim: 2,
    potential: ([x = 0, y = 0], gradient) => {
      gradient?.set([2 * x + 0.6 * y + 0.4 * x ** 3, 0.6 * x + y]);
      return (2 * x * x + 1.2 * x * y + y * y) / 2 + x ** 4 / 10;
    },
  };

  it("is that of the symmetric root, with its log density", async () => {
    const inner = aDensityPosterior(loss, { numChains: 1, seed: 5 });
    const [nBeta, gamma] = [3, 0.5];
    inner.ensemble.setPotential({
      center: inner.center,
      nBeta: Float64Array.of(nBeta),
      gamma: Float64Array.of(gamma),
    });
    const ensemble = withNormals(inner.ensemble, { [purpose.variationalEvaluation]: [0.7, -1.2] });
    const settings = { ...settingsOf("laplace"), hessian: "dense", draws: 1 } as const;
    const run = await laplace.start({ ...inner, ensemble, nBeta, gamma }, settings);
    const [draw] = await collectDraws(run);
    expectNear([run.tuned["laplace_llc"]], [0.8718605843157355], 7);
    expectNear(draw?.loss, [0.2640515220890346], 7);
    expectNear(draw?.statistics["lp"], [-0.9728183284403483], 7);
    expectNear(draw?.statistics["log_weight"], [0.3445951606514871], 7);
  });
});

describe("a flow of three coordinates and two layers", () => {
  it("has the point, log-determinant and log density of its equations", () => {
    const flow = new CouplingFlow(flowShape(3, 2, [2]));
    flow.values.forEach((_, k) => {
      flow.values[k] = (((7 * k) % 11) - 5) / 10;
    });
    const u = [0.3, -0.8, 1.1];
    const z = Float64Array.from(u);
    flow.push(z);
    expectNear(z, [0.36843096505638895, -0.8055655463444638, 0.7823266543437017]);
    const logDensity = flow.trace(z);
    expect(logDensity).toBeCloseTo(-3.5228798399243866, 12);
    const ofNormal = -0.5 * (3 * Math.log(2 * Math.PI) + u.reduce((sum, value) => sum + value * value, 0));
    expect(ofNormal - logDensity).toBeCloseTo(-0.2039357596896315, 12);
  });
});
