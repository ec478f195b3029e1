/**
 * Dynamics in coordinates that a factor F correlates, on every backend: those of the reference; with a diagonal F those
 * of the diagonal inverse mass F²; and independent of threads, batches and trouble in another chain, bit for bit.
 *
 * What lies right of F's diagonal is NaN here: it must not be read. For float32 trees see `no-u-turn.test.ts`.
 */
import { describe, expect, it } from "vitest";
import type { Ensemble, LeapfrogState, TreeInfo } from "../../../src/compute/backend.ts";
import { dimOf } from "../../../src/compute/model.ts";
import { createReferenceBackend } from "../../../src/compute/reference/reference-backend.ts";
import { purpose } from "../../../src/random/purpose.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import {
  aClosedProblem,
  aNetworkProblem,
  aStandardNormal,
  normals,
  perChain,
  positionsFor,
  scalarsOf,
  setTestPotential,
  vectorsOf,
} from "../../support/problems.ts";

/** Lower triangular, of condition a few. */
const factorOf = (dim: number): Float64Array => {
  const noise = normals(dim * dim, 51, 0.5 / Math.sqrt(dim));
  return noise.map((value, at) => {
    const [i, j] = [Math.floor(at / dim), at % dim];
    return j > i ? Number.NaN : i === j ? 0.5 + (i % 4) / 4 : value;
  });
};

interface Mass {
  readonly inverseMass: Float64Array;
  readonly factor: Float64Array | null;
}

const denseMass = (dim: number): Mass => ({
  inverseMass: Float64Array.from({ length: dim }, (_, i) => 1 + (i % 3) / 2),
  factor: factorOf(dim),
});

const stateAt = (
  ensemble: Ensemble,
  { inverseMass, factor }: Mass,
  [position, momentum]: readonly [Float64Array, Float64Array],
): LeapfrogState => {
  const state = {
    position: vectorsOf(ensemble, position),
    momentum: vectorsOf(ensemble, momentum),
    gradient: ensemble.vectors(),
    inverseMass: ensemble.row(),
    factor: factor === null ? null : ensemble.matrix(),
    loss: ensemble.scalars(),
    potential: ensemble.scalars(),
  };
  ensemble.writeRow(state.inverseMass, inverseMass);
  if (factor !== null && state.factor !== null) ensemble.writeMatrix(state.factor, factor);
  ensemble.potentialAndGradient(state.position, state);
  return state;
};

type Results = Readonly<Record<string, Float64Array>>;

const readState = async (ensemble: Ensemble, state: LeapfrogState): Promise<Results> => ({
  position: await ensemble.readVectors(state.position),
  momentum: await ensemble.readVectors(state.momentum),
  gradient: await ensemble.readVectors(state.gradient),
  loss: await ensemble.readScalars(state.loss),
  potential: await ensemble.readScalars(state.potential),
});

/** Five steps; `chain0` is the number of the first chain, so that a chain alone gets its own settings. */
const trajectory = (ensemble: Ensemble, state: LeapfrogState, chain0 = 0): Promise<Results> => {
  const stepSizes = perChain(ensemble, (chain) => 0.02 + 0.01 * ((chain0 + chain) % 3));
  ensemble.leapfrog(state, { stepSize: scalarsOf(ensemble, [...stepSizes]), numSteps: 5 });
  return readState(ensemble, state);
};

/** One tree a chain; momenta are undefined after it. */
const tree = async (ensemble: Ensemble, state: LeapfrogState, stepSize: number) => {
  const settings = { stepSize, maxDepth: 6, divergenceThreshold: 1000, step: 3 };
  const info: TreeInfo = await ensemble.noUTurn(state, settings);
  const { momentum: _, ...end } = await readState(ensemble, state);
  return { ...info, ...end };
};

const problems = [
  { title: "one weight", problem: aStandardNormal(1, 3), stepSize: 0.4 },
  { title: "three weights", problem: aStandardNormal(3, 65), stepSize: 0.4 },
  { title: "a wide Gaussian", problem: aStandardNormal(67, 5), stepSize: 0.15 },
  {
    title: "a power sum",
    problem: aClosedProblem({ kind: "power_sum", coefficient: 0.5, exponents: [1, 2, 1.5] }),
    stepSize: 0.1,
  },
  { title: "a network", problem: aNetworkProblem({ numChains: 7 }), stepSize: 0.02 },
];

const startOf = (problem: (typeof problems)[number]["problem"]): readonly [Float64Array, Float64Array] => {
  const position = positionsFor(problem);
  return [position, normals(position.length, 41)];
};

describeBackends("a factor", (backend) => {
  const precision = backend.precision;
  const reference = createReferenceBackend();
  const treeTolerance = precision === "float64" ? 1e-10 : 2e-3;

  /** The state on both, in coordinates that a factor correlates. */
  const onBoth = (problem: (typeof problems)[number]["problem"]) => {
    const stateOn = (ensemble: Ensemble): readonly [Ensemble, LeapfrogState] => {
      setTestPotential(ensemble);
      return [ensemble, stateAt(ensemble, denseMass(ensemble.dim), startOf(problem))];
    };
    return [stateOn(backend.open(problem)), stateOn(reference.open({ ...problem, precision }))] as const;
  };

  it.each(problems)("gives the trajectory of the reference: $title", async ({ problem }) => {
    const [ours, theirs] = onBoth(problem);
    const [found, wanted] = [await trajectory(...ours), await trajectory(...theirs)];
    for (const [name, values] of Object.entries(found)) {
      expectClose(values, wanted[name] as Float64Array, backend.tolerance.dynamics);
    }
  });

  it.each(problems)("gives the trees of the reference: $title", async ({ problem, stepSize }) => {
    const [ours, theirs] = onBoth(problem);
    const wanted = await tree(...theirs, stepSize);
    expect(Math.max(...wanted.numSteps)).toBeGreaterThan(2);
    expectSameTrees([await tree(...ours, stepSize), wanted], treeTolerance);
  });

  describe.each(problems)("that is diagonal: $title", ({ problem, stepSize }) => {
    const dim = dimOf(problem.model);
    const deviations = Float64Array.from({ length: dim }, (_, i) => 0.5 + (i % 4) / 4);
    const diagonal: Mass = { inverseMass: deviations.map((value) => value ** 2), factor: null };
    const factored: Mass = {
      inverseMass: new Float64Array(dim).fill(1),
      factor: Float64Array.from({ length: dim * dim }, (_, at) =>
        Math.floor(at / dim) === at % dim ? (deviations[at % dim] ?? Number.NaN) : 0,
      ),
    };
    const [position, momentum] = startOf(problem);
    /** p of the coordinates F⁻¹q: Fᵀ times that of q. */
    const scaled = momentum.map((value, at) => value * (deviations[at % dim] ?? Number.NaN));

    it("moves as the diagonal inverse mass does", async () => {
      const ensemble = backend.open(problem);
      setTestPotential(ensemble);
      const wanted = await trajectory(ensemble, stateAt(ensemble, diagonal, [position, momentum]));
      const found = await trajectory(ensemble, stateAt(ensemble, factored, [position, scaled]));
      for (const name of ["position", "gradient", "loss", "potential"]) {
        expectClose(found[name] ?? [], wanted[name] ?? [], backend.tolerance.dynamics);
      }
    });

    it("grows the trees of the diagonal inverse mass", async () => {
      const ensemble = backend.open(problem);
      setTestPotential(ensemble);
      const wanted = await tree(ensemble, stateAt(ensemble, diagonal, [position, momentum]), stepSize);
      const found = await tree(ensemble, stateAt(ensemble, factored, [position, scaled]), stepSize);
      expectSameTrees([found, wanted], treeTolerance);
    });
  });

  const batch = aNetworkProblem({ numChains: 17 });
  const everything = async (ensemble: Ensemble, start: ReturnType<typeof startOf>, chain0 = 0) => {
    const of = (value: (chain: number) => number): Float64Array =>
      perChain(ensemble, (c) => value(chain0 + c));
    const potential = { nBeta: of((chain) => 1 + chain), gamma: of((chain) => chain / 2) };
    ensemble.setPotential({ center: normals(ensemble.dim, 31, 0.25), ...potential });
    const state = stateAt(ensemble, denseMass(ensemble.dim), start);
    const leapt = await trajectory(ensemble, state, chain0);
    ensemble.normal({ purpose: purpose.momentum, step: 4 }, state.momentum);
    const grown = Object.entries(await tree(ensemble, state, 0.02));
    return { ...leapt, ...Object.fromEntries(grown.map(([name, values]) => [`tree ${name}`, values])) };
  };

  it("gives the same bits on any number of threads", async () => {
    const [one, ...others] = await Promise.all(
      [1, 2, 3].map(async (threads) =>
        everything(await backend.openWithThreads(batch, threads), startOf(batch)),
      ),
    );
    for (const other of others) expect(other).toEqual(one);
  });

  it("gives a chain alone the bits that it has in a batch", async () => {
    const start = startOf(batch);
    const dim = dimOf(batch.model);
    const together: Results = await everything(backend.open(batch), start);
    for (const chain of [0, 5, 16]) {
      const own = (values: Float64Array): Float64Array => values.subarray(chain * dim, (chain + 1) * dim);
      const alone = backend.open({ ...batch, numChains: 1, firstChain: chain });
      for (const [name, values] of Object.entries<Float64Array>(
        await everything(alone, [own(start[0]), own(start[1])], chain),
      )) {
        const width = values.length;
        expect(values, name).toEqual(together[name]?.slice(chain * width, (chain + 1) * width));
      }
    }
  });

  it("leaves the bits of other chains alone where one has NaN", async () => {
    const [position, momentum] = startOf(batch);
    const sick = position.slice();
    sick[3 * dimOf(batch.model) + 2] = Number.NaN;
    const healthy: Results = await everything(backend.open(batch), [position, momentum]);
    const results: Results = await everything(backend.open(batch), [sick, momentum]);
    for (const [name, values] of Object.entries(results)) {
      const width = values.length / batch.numChains;
      const others = (all: Float64Array): number[] => [
        ...all.subarray(0, 3 * width),
        ...all.subarray(4 * width),
      ];
      expect(others(values), name).toEqual(others(healthy[name] as Float64Array));
    }
  });
});

const counts = ["depth", "numSteps", "isDivergent", "hasReachedMaxDepth"];

const expectSameTrees = ([found, wanted]: readonly [Results, Results], tolerance: number): void => {
  for (const [name, values] of Object.entries(found)) {
    const expected = wanted[name] as Float64Array;
    if (counts.includes(name)) expect(Array.from(values), name).toEqual(Array.from(expected));
    else expectClose(values, expected, tolerance, name.endsWith("Error") ? 1 : undefined);
  }
};
