/**
 * Ways to get a sampler wrong without touching its code: changes of the machine under it (reference backend only).
 *
 * Each is one mistake of the kind that people make: a dropped correction, noise of the wrong size, a turned sign. The law
 * suites must refuse every sampler under the mistakes that its entry names.
 */
import type {
  Ensemble,
  IsokineticSettings,
  IsokineticState,
  LangevinSettings,
  LangevinState,
  LeapfrogSettings,
  LeapfrogState,
  LossAndGradient,
  Matrix,
  Potential,
  RandomAddress,
  Scalars,
  TreeSettings,
  Vectors,
} from "../../../src/compute/backend.ts";
import { valuesOf } from "../../../src/compute/reference/reference-array.ts";
import { treeInfoOf, treeInfoRows } from "../../../src/compute/tree-info.ts";
import { purpose } from "../../../src/random/purpose.ts";
import type { Posterior } from "../../../src/samplers/sampler.ts";

/** Members that replace those of the ensemble. */
type Breakage = (inner: Ensemble, potential: Potential) => Partial<Ensemble>;

/** `inner` with some members replaced; all others are its own. */
const withChanges = (inner: Ensemble, changes: Partial<Ensemble>): Ensemble =>
  new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });

const scaled = (potential: Potential, factor: number): Potential => ({
  center: potential.center,
  nBeta: potential.nBeta.map((value) => value * factor),
  gamma: potential.gamma.map((value) => value * factor),
});

const scaleNormals = (inner: Ensemble, only: number, factor: number): Partial<Ensemble> => ({
  normal: (address: RandomAddress, out: Vectors) => {
    inner.normal(address, out);
    if (address.purpose !== only) return;
    const values = valuesOf(out);
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? Number.NaN) * factor;
  },
});

const scaleScalars = (scalars: Scalars, factor: number): void => {
  const values = valuesOf(scalars);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? Number.NaN) * factor;
};

const scaleDots = (inner: Ensemble, factor: number): Partial<Ensemble> => ({
  dot: (x: Vectors, y: Vectors, out: Scalars) => {
    inner.dot(x, y, out);
    scaleScalars(out, factor);
  },
});

/** What swaps see, times `factor`: losses that moves leave behind, while U and forces stay right. */
const scaleKnownLosses = (inner: Ensemble, factor: number): Partial<Ensemble> => ({
  potentialAndGradient: (position: Vectors, out: LossAndGradient & { potential: Scalars }) => {
    inner.potentialAndGradient(position, out);
    scaleScalars(out.loss, factor);
  },
  leapfrog: (state: LeapfrogState, settings: LeapfrogSettings) => {
    inner.leapfrog(state, settings);
    scaleScalars(state.loss, factor);
  },
});

/** Rows x ← F⁻ᵀx, in place, of a lower triangular F. */
const solveTransposed = (factor: Float64Array, dim: number, rows: Float64Array): void => {
  for (let offset = 0; offset < rows.length; offset += dim) {
    const x = rows.subarray(offset, offset + dim);
    for (let i = dim - 1; i >= 0; i--) {
      let sum = x[i] ?? Number.NaN;
      for (let k = i + 1; k < dim; k++) sum -= (factor[k * dim + i] ?? Number.NaN) * (x[k] ?? Number.NaN);
      x[i] = sum / (factor[i * dim + i] ?? Number.NaN);
    }
  }
};

/** Does `body` under U × factor. */
const under = <Result>(
  [inner, potential]: readonly [Ensemble, Potential],
  factor: number,
  body: () => Result,
): Result => {
  inner.setPotential(scaled(potential, factor));
  const result = body();
  inner.setPotential(potential);
  return result;
};

/** By the words that follow "fails when it …". */
const library = {
  "accepts every proposal": (inner) => ({
    select: (mask: Uint8Array, source: Vectors, target: Vectors) =>
      inner.select(new Uint8Array(mask.length).fill(1), source, target),
  }),
  "draws momenta 30 % too large": (inner) => scaleNormals(inner, purpose.momentum, 1.3),
  "draws momenta of q, not of F⁻¹q": (inner) => {
    let factor = new Float64Array(0);
    return {
      writeMatrix: (target: Matrix, values: Float64Array) => {
        inner.writeMatrix(target, values);
        factor = values.slice();
      },
      normal: (address: RandomAddress, out: Vectors) => {
        inner.normal(address, out);
        if (address.purpose === purpose.momentum) solveTransposed(factor, inner.dim, valuesOf(out));
      },
    };
  },
  "flips the factor about its other diagonal": (inner) => ({
    writeMatrix: (target: Matrix, values: Float64Array) => {
      const { dim } = inner;
      const flipped = values.map((_, at) => {
        const [row, column] = [Math.floor(at / dim), at % dim];
        return values[(dim - 1 - column) * dim + (dim - 1 - row)] ?? Number.NaN;
      });
      inner.writeMatrix(target, flipped);
    },
  }),
  "leaves kinetic energy out of ΔH": (inner) => ({
    weightedDot: (_row, _x, _y, out) => inner.writeScalars(out, new Float64Array(inner.numChains)),
  }),
  "accepts by 0.7·ΔU": (inner) => ({
    loss: (position: Vectors, loss: Scalars) => {
      inner.loss(position, loss);
      scaleScalars(loss, 0.7);
    },
    potentialAndGradient: (position: Vectors, out: LossAndGradient & { potential: Scalars }) => {
      inner.potentialAndGradient(position, out);
      scaleScalars(out.potential, 0.7);
    },
    leapfrog: (state: LeapfrogState, settings: LeapfrogSettings) => {
      inner.leapfrog(state, settings);
      scaleScalars(state.potential, 0.7);
    },
  }),
  "leaves U of its start out of H": (inner) => ({
    noUTurn: (state: LeapfrogState, settings: TreeSettings) => {
      scaleScalars(state.potential, 0);
      return inner.noUTurn(state, settings);
    },
  }),
  "grows trees along 0.7 of the force": (inner, potential) => ({
    noUTurn: (state: LeapfrogState, settings: TreeSettings) =>
      under([inner, potential], 0.7, () => inner.noUTurn(state, settings)),
  }),
  "injects noise 20 % too large": (inner, potential) => ({
    langevin: (state: LangevinState, settings: LangevinSettings) => {
      const stepSizes = settings.stepSizes.map((value) => 1.44 * value);
      under([inner, potential], 1 / 1.44, () => inner.langevin(state, { ...settings, stepSizes }));
    },
  }),
  "drifts by ε instead of ε/2": (inner, potential) => ({
    langevin: (state: LangevinState, settings: LangevinSettings) =>
      under([inner, potential], 2, () => inner.langevin(state, settings)),
  }),
  "drifts uphill": (inner, potential) => ({
    langevin: (state: LangevinState, settings: LangevinSettings) =>
      under([inner, potential], -1, () => inner.langevin(state, settings)),
  }),
  "turns by 0.7 of the force": (inner, potential) => ({
    isokinetic: (state: IsokineticState, settings: IsokineticSettings) =>
      under([inner, potential], 0.7, () => inner.isokinetic(state, settings)),
  }),
  "turns uphill": (inner, potential) => ({
    isokinetic: (state: IsokineticState, settings: IsokineticSettings) =>
      under([inner, potential], -1, () => inner.isokinetic(state, settings)),
  }),
  "kicks with noise 30 % too large": (inner) => scaleNormals(inner, purpose.langevinNoise, 1.3),
  "descends gradients of the wrong sign": (inner) => ({
    lossAndGradient: (position: Vectors, loss: Scalars, gradient: Vectors) => {
      inner.lossAndGradient(position, loss, gradient);
      const values = valuesOf(gradient);
      for (let i = 0; i < values.length; i++) values[i] = -(values[i] ?? Number.NaN);
    },
  }),
  "forgets the correction for its drift": (inner) => scaleDots(inner, 0),
  "corrects for a third of its drift": (inner) => scaleDots(inner, 1 / 3),
  "corrects with the wrong sign": (inner) => scaleDots(inner, -1),
  "accepts by −W": (inner) => ({
    isokinetic: async (state: IsokineticState, settings: IsokineticSettings) => {
      const info = await inner.isokinetic(state, settings);
      return { ...info, energyError: info.energyError.map((error) => -error) };
    },
  }),
  // e⁰ = 1.
  "accepts every swap": (inner) => scaleKnownLosses(inner, 0),
  "turns the sign of the swaps' exponent": (inner) => scaleKnownLosses(inner, -1),
  "measures its momenta 30 % too small": (inner) => scaleDots(inner, 0.7),
  "stands still": (inner) => {
    // Chains are moved to their starts before the first derivative, and by `axpy` alone in sghmc and sgnht after it.
    let hasBegun = false;
    return {
      select: () => undefined,
      leapfrog: () => undefined,
      langevin: () => undefined,
      noUTurn: async () => treeInfoOf(new Float64Array(treeInfoRows * inner.numChains), inner.numChains),
      isokinetic: async (_state: IsokineticState, { numSteps }: IsokineticSettings) => ({
        energyError: new Float64Array(numSteps * inner.numChains),
        isBad: new Uint8Array(numSteps * inner.numChains),
      }),
      lossAndGradient: (position: Vectors, loss: Scalars, gradient: Vectors) => {
        hasBegun = true;
        inner.lossAndGradient(position, loss, gradient);
      },
      axpy: (alpha: Float64Array, x: Vectors, y: Vectors) => {
        if (!hasBegun) inner.axpy(alpha, x, y);
      },
    };
  },
} as const satisfies Readonly<Record<string, Breakage>>;

export type BreakageName = keyof typeof library;

/** The posterior on a machine that makes that mistake. */
export const brokenBy = (name: BreakageName, posterior: Posterior): Posterior => {
  const { ensemble: inner, center, nBeta, gamma } = posterior;
  const all = (value: number): Float64Array => new Float64Array(inner.numChains).fill(value);
  const change: Breakage = library[name];
  const changes = change(inner, { center, nBeta: all(nBeta), gamma: all(gamma) });
  return { ...posterior, ensemble: withChanges(inner, changes) };
};
