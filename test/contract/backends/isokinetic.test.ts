/**
 * Isokinetic steps of every backend: golden steps, equality with single steps composed from the equations, bad steps.
 *
 * The golden numbers were computed in double precision from the formulas, independently of this code.
 */
import { describe, expect, it } from "vitest";
import type {
  Ensemble,
  IsokineticInfo,
  IsokineticSettings,
  IsokineticState,
} from "../../../src/compute/backend.ts";
import { refreshScale } from "../../../src/compute/reference/isokinetic.ts";
import { fillNormal } from "../../../src/random/normal.ts";
import { purpose } from "../../../src/random/purpose.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import {
  aNetworkProblem,
  aStandardNormal,
  normals,
  perChain,
  positionsFor,
  setTestPotential,
  vectorsOf,
} from "../../support/problems.ts";

const stateAt = (ensemble: Ensemble, position: Float64Array, direction: Float64Array): IsokineticState => {
  const scale = ensemble.row();
  ensemble.writeRow(scale, new Float64Array(ensemble.dim).fill(1));
  const state = {
    position: vectorsOf(ensemble, position),
    direction: vectorsOf(ensemble, direction),
    gradient: ensemble.vectors(),
    scale,
    loss: ensemble.scalars(),
    potential: ensemble.scalars(),
  };
  ensemble.potentialAndGradient(state.position, state);
  return state;
};

const settingsOf = (changes: Partial<IsokineticSettings>): IsokineticSettings => ({
  integrator: "mclachlan",
  stepSize: 0.8,
  decoherenceLength: Infinity,
  numSteps: 1,
  noise: { purpose: purpose.directionRefresh, step: 5 },
  badStepPurpose: purpose.badStepDirection,
  ...changes,
});

/** `values` as unit rows of length `dim`. */
const unitRows = (values: Float64Array, dim: number): Float64Array => {
  const out = values.slice();
  for (let first = 0; first < out.length; first += dim) {
    const norm = Math.hypot(...out.subarray(first, first + dim));
    for (let i = first; i < first + dim; i++) out[i] = (out[i] as number) / norm;
  }
  return out;
};

const read = async (ensemble: Ensemble, state: IsokineticState): Promise<Record<string, Float64Array>> => ({
  position: await ensemble.readVectors(state.position),
  direction: await ensemble.readVectors(state.direction),
  gradient: await ensemble.readVectors(state.gradient),
  loss: await ensemble.readScalars(state.loss),
  potential: await ensemble.readScalars(state.potential),
});

const goldens = [
  {
    title: "one McLachlan step",
    settings: { numSteps: 1 },
    position: [1.3182683390469643, 0.22341187014008257, 0.20921989753489137],
    direction: [0.17283050052406881, 0.9796388417978027, -0.10216338742259691],
    energyError: -0.0006562330901828117,
  },
  {
    title: "one leapfrog step",
    settings: { integrator: "leapfrog" as const, numSteps: 1 },
    position: [1.3263749846592918, 0.2292946513575832, 0.209891635662019],
    direction: [0.1792969487226615, 0.9786124584980941, -0.10084770820925618],
    energyError: 0.005031736679193322,
  },
  {
    title: "ten McLachlan steps",
    settings: { numSteps: 10 },
    position: [0.6263594462963923, -1.4529033110699554, 0.3120067144725198],
    direction: [0.973800109417148, 0.16707349824001602, 0.15427181558857017],
    energyError: -0.0020719899946283205,
  },
];

describe("refreshScale", () => {
  it("is √((e^{ε/L} − 1)/d) for each half of a step, and 0 for L = ∞", () => {
    expect(refreshScale({ stepSize: 0.5, decoherenceLength: 10 }, 100)).toBeCloseTo(0.022643121775944262, 16);
    expect(refreshScale({ stepSize: 0.5, decoherenceLength: Infinity }, 100)).toBe(0);
  });
});

describeBackends("isokinetic", (backend) => {
  const standardNormal = (numChains = 1): Ensemble => {
    const ensemble = backend.open(aStandardNormal(3, numChains));
    ensemble.setPotential({
      center: new Float64Array(3),
      nBeta: perChain(ensemble, () => 1),
      gamma: perChain(ensemble, () => 0),
    });
    return ensemble;
  };

  it.each(goldens)(
    "gives the golden numbers: $title",
    async ({ settings, position, direction, energyError }) => {
      const ensemble = standardNormal();
      const state = stateAt(ensemble, Float64Array.of(1, -0.5, 0.25), Float64Array.of(0.6, 0.8, 0));
      const info = await ensemble.isokinetic(state, settingsOf(settings));
      const tolerance = backend.precision === "float64" ? 1e-14 : 2e-6;
      expectClose(await ensemble.readVectors(state.position), position, tolerance);
      expectClose(await ensemble.readVectors(state.direction), direction, tolerance);
      const total = info.energyError.reduce((a, b) => a + b, 0);
      expectClose([total], [energyError], tolerance, 1);
      expect(info.isBad).toEqual(new Uint8Array(settings.numSteps));
    },
  );

  // In ℝ³ on the standard normal: at x = −a·e₁ the force looks along e₁ with size a. For u = −√(1 − η²)·e₁ + η·e₂ the number
  // 1 + ue is η²/(1 + √(1 − η²)) = 5e-13, of which 1 + (−1 + 5e-13) keeps four digits: ΔE off by 2e-4.
  it("keeps the digits of ΔE where a huge kick turns a direction right round", async () => {
    if (backend.precision === "float32") return;
    const ensemble = standardNormal();
    const [eta, size, stepSize] = [1e-6, 80, 1];
    const along = Math.sqrt(1 - eta ** 2);
    const start = Float64Array.of(-size, 0, 0);
    const state = stateAt(ensemble, start, Float64Array.of(-along, eta, 0));
    const info = await ensemble.isokinetic(state, settingsOf({ integrator: "leapfrog", stepSize }));
    const kick = (force: number, ahead: number): number => {
      const delta = (0.5 * stepSize * force) / 2;
      return 2 * (delta - Math.LN2 + Math.log(ahead + (2 - ahead) * Math.exp(-2 * delta)));
    };
    const ahead = eta ** 2 / (1 + along);
    const zeta = Math.exp((-0.5 * stepSize * size) / 2);
    // sin and cos of the turned direction: (1 − ζ)(ahead + (2 − ahead)ζ)·e + 2ζ·u, the large terms taken apart by hand.
    const forward = (1 - zeta) * ahead * (1 - zeta) + 2 * zeta * (ahead - zeta);
    const sideways = 2 * zeta * eta;
    const length = Math.hypot(forward, sideways);
    const [x, y] = [-size + (stepSize * forward) / length, (stepSize * sideways) / length];
    const force = Math.hypot(x, y);
    const ahead2 = 1 - (forward * x + sideways * y) / (length * force);
    const expected = kick(size, ahead) + kick(force, ahead2) + (force ** 2 - size ** 2) / 2;
    expect(info.energyError[0] as number).toBeCloseTo(expected, 6);
  });

  it("turns back along its path when directions are reversed", async () => {
    const ensemble = standardNormal();
    const start = Float64Array.of(1, -0.5, 0.25);
    const state = stateAt(ensemble, start, Float64Array.of(0.6, 0.8, 0));
    await ensemble.isokinetic(state, settingsOf({ numSteps: 5 }));
    const reversed = (await ensemble.readVectors(state.direction)).map((u) => -u);
    ensemble.writeVectors(state.direction, reversed);
    await ensemble.isokinetic(state, settingsOf({ numSteps: 5 }));
    expectClose(
      await ensemble.readVectors(state.position),
      start,
      backend.precision === "float64" ? 1e-14 : 3e-6,
    );
  });

  it("keeps its direction where the gradient vanishes", async () => {
    const ensemble = backend.open(aStandardNormal(3));
    ensemble.setPotential({
      center: new Float64Array(3),
      nBeta: Float64Array.of(0),
      gamma: Float64Array.of(0),
    });
    const state = stateAt(ensemble, Float64Array.of(1, 2, 3), Float64Array.of(0, 1, 0));
    const info = await ensemble.isokinetic(state, settingsOf({ stepSize: 0.5 }));
    expectClose(await ensemble.readVectors(state.position), [1, 2.5, 3], backend.tolerance.elementwise);
    expect(await ensemble.readVectors(state.direction)).toEqual(Float64Array.of(0, 1, 0));
    expect([...info.energyError]).toEqual([0]);
  });

  it.each([
    { widths: [7, 7], inDim: 5, numData: 13, numChains: 3, integrator: "mclachlan" as const },
    { widths: [7, 7], inDim: 5, numData: 13, numChains: 3, integrator: "leapfrog" as const },
    { widths: [62], inDim: 3, numData: 65, numChains: 2, integrator: "mclachlan" as const },
    { widths: [4, 4], inDim: 4, numData: 100, numChains: 65, integrator: "mclachlan" as const },
    { widths: [777], inDim: 1, numData: 3, numChains: 1, integrator: "leapfrog" as const },
  ])("equals its composition from refresh, turn and move: $widths, $integrator", async (shape) => {
    const { widths, inDim, numData, numChains, integrator } = shape;
    const problem = aNetworkProblem({
      network: { widths, inDim, outDim: 1 },
      numData,
      numChains,
      firstChain: 3,
    });
    const ensemble = backend.open(problem);
    setTestPotential(ensemble);
    const { dim } = ensemble;
    const position = positionsFor(problem);
    const direction = unitRows(normals(position.length, 51), dim);
    const settings = settingsOf({ integrator, stepSize: 0.1, decoherenceLength: 0.7, numSteps: 3 });
    const scale = Float64Array.from({ length: dim }, (_, i) => 0.5 + (i % 4) / 4);
    const [fused, composed] = [
      stateAt(ensemble, position, direction),
      stateAt(ensemble, position, direction),
    ];
    ensemble.writeRow(fused.scale, scale);
    const info = await ensemble.isokinetic(fused, settings);
    const energyError = await compose({
      ensemble,
      state: composed,
      settings,
      scale,
      chain: 3,
      seed: problem.seed,
    });
    const expected = await read(ensemble, composed);
    for (const [name, values] of Object.entries(await read(ensemble, fused))) {
      expectClose(values, expected[name] as Float64Array, backend.tolerance.dynamics);
    }
    const energyScale = Math.max(1, ...(expected["potential"] as Float64Array).map(Math.abs));
    expectClose(info.energyError, energyError, backend.tolerance.dynamics, energyScale);
    expect(info.isBad).toEqual(new Uint8Array(3 * numChains));
  });

  it("undoes a bad step: position kept, ΔE = 0, flagged, a fresh direction; other chains keep their bits", async () => {
    type State = Record<string, Float64Array>;
    const run = async (nBetaOfSecond: number): Promise<[State, IsokineticInfo, State]> => {
      const ensemble = backend.open({ ...aStandardNormal(3, 3), firstChain: 2 });
      const nBeta = Float64Array.of(1, nBetaOfSecond, 1);
      ensemble.setPotential({ center: new Float64Array(3), nBeta, gamma: new Float64Array(3) });
      const position = Float64Array.of(1, -0.5, 0.25, 0.5, 0.25, 2, 0, 1, -1);
      const state = stateAt(ensemble, position, unitRows(normals(9, 51), 3));
      const before = await read(ensemble, state);
      const info = await ensemble.isokinetic(state, settingsOf({ numSteps: 2, decoherenceLength: 2 }));
      return [await read(ensemble, state), info, before];
    };
    const [calm, calmInfo] = await run(1);
    const [wild, info, before] = await run(1e308); // the potential overflows in both precisions
    expect([...calmInfo.isBad]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...info.isBad]).toEqual([0, 1, 0, 0, 1, 0]);
    expect([info.energyError[1], info.energyError[4]]).toEqual([0, 0]);
    expect([info.energyError[0], info.energyError[5]]).toEqual([
      calmInfo.energyError[0],
      calmInfo.energyError[5],
    ]);
    const [position, direction] = [wild["position"] as Float64Array, wild["direction"] as Float64Array];
    expect([...position.subarray(3, 6)]).toEqual([0.5, 0.25, 2]);
    const ofSecond = (values: Float64Array | undefined): Float64Array =>
      (values as Float64Array).slice(
        (values as Float64Array).length / 3,
        (2 * (values as Float64Array).length) / 3,
      );
    for (const name of ["gradient", "loss", "potential"]) {
      expect(ofSecond(wild[name]), `${name} is kept`).toEqual(ofSecond(before[name]));
    }
    const fresh = new Float64Array(3);
    fillNormal({ seed: 7, purpose: purpose.badStepDirection, step: 6, chain: 3 }, fresh);
    expectClose(direction.subarray(3, 6), unitRows(fresh, 3), backend.precision === "float64" ? 1e-15 : 1e-6);
    for (const name of ["position", "direction", "gradient"]) {
      const others = (all: Float64Array): number[] => [...all.subarray(0, 3), ...all.subarray(6)];
      expect(others(wild[name] as Float64Array), name).toEqual(others(calm[name] as Float64Array));
    }
  });

  it("flags every step of a chain that starts at NaN and keeps the others going", async () => {
    const ensemble = standardNormal(2);
    const state = stateAt(ensemble, Float64Array.of(NaN, 0, 0, 1, 2, 3), unitRows(normals(6, 51), 3));
    const info = await ensemble.isokinetic(state, settingsOf({ numSteps: 3 }));
    expect([...info.isBad]).toEqual([1, 0, 1, 0, 1, 0]);
    const position = await ensemble.readVectors(state.position);
    expect([...position.subarray(0, 3)]).toEqual([NaN, 0, 0]);
    expect(position.subarray(3).every(Number.isFinite)).toBe(true);
  });
});

interface Composition {
  readonly ensemble: Ensemble;
  readonly state: IsokineticState;
  readonly settings: IsokineticSettings;
  readonly scale: Float64Array;
  /** Number of the first chain, and seed of the random addresses. */
  readonly chain: number;
  readonly seed: number;
}

/** The steps of `settings` on the host in float64 from `potentialAndGradient` alone, written apart from the reference. */
const compose = async ({
  ensemble,
  state,
  settings,
  scale,
  chain,
  seed,
}: Composition): Promise<Float64Array> => {
  const { dim, numChains } = ensemble;
  const b = 0.1931833275037836;
  const path = settings.integrator === "mclachlan" ? [b, 0.5, 1 - 2 * b, 0.5, b] : [0.5, 1, 0.5];
  const errors = new Float64Array(settings.numSteps * numChains);
  const [position, direction] = [
    await ensemble.readVectors(state.position),
    await ensemble.readVectors(state.direction),
  ];
  let gradient = await ensemble.readVectors(state.gradient);
  let potential = await ensemble.readScalars(state.potential);
  const rows = (values: Float64Array, c: number): Float64Array => values.subarray(c * dim, (c + 1) * dim);

  const refresh = (k: number, firstIndex: number): void => {
    const nu = Math.sqrt((Math.exp(settings.stepSize / settings.decoherenceLength) - 1) / dim);
    for (let c = 0; c < numChains; c++) {
      const [u, z] = [rows(direction, c), new Float64Array(dim)];
      const { purpose: kind, step } = settings.noise;
      fillNormal({ seed, purpose: kind, step: step + k, chain: chain + c }, z, firstIndex);
      u.set(
        unitRows(
          u.map((value, i) => value + nu * (z[i] as number)),
          dim,
        ),
      );
    }
  };
  /** The hyperbolic form of B: u' ∝ u + e·(sinh δ + u·e·(cosh δ − 1)), ΔK = (d − 1)·log(cosh δ + u·e·sinh δ). */
  const turn = (c: number, time: number): number => {
    const [u, g] = [rows(direction, c), rows(gradient, c).map((value, i) => -value * (scale[i] as number))];
    const norm = Math.hypot(...g);
    const [delta, ue] = [
      (time * norm) / (dim - 1),
      u.reduce((sum, value, i) => sum + (value * (g[i] as number)) / norm, 0),
    ];
    const along = Math.sinh(delta) + ue * (Math.cosh(delta) - 1);
    u.set(
      unitRows(
        u.map((value, i) => value + (along * (g[i] as number)) / norm),
        dim,
      ),
    );
    return (dim - 1) * Math.log(Math.cosh(delta) + ue * Math.sinh(delta));
  };

  const add = (into: Float64Array, k: number, amount: (c: number) => number): void => {
    for (let c = 0; c < numChains; c++) {
      into[k * numChains + c] = (into[k * numChains + c] as number) + amount(c);
    }
  };

  for (let k = 0; k < settings.numSteps; k++) {
    const before = potential;
    refresh(k, 0);
    for (const [stage, coefficient] of path.entries()) {
      const time = coefficient * settings.stepSize;
      if (stage % 2 === 0) {
        add(errors, k, (c) => turn(c, time));
        continue;
      }
      for (let i = 0; i < position.length; i++) {
        position[i] = (position[i] as number) + time * (scale[i % dim] as number) * (direction[i] as number);
      }
      ensemble.writeVectors(state.position, position);
      ensemble.potentialAndGradient(state.position, state);
      gradient = await ensemble.readVectors(state.gradient);
      potential = await ensemble.readScalars(state.potential);
    }
    refresh(k, 2 * Math.ceil(dim / 2));
    add(errors, k, (c) => (potential[c] as number) - (before[c] as number));
  }
  ensemble.writeVectors(state.direction, direction);
  return errors;
};
