/**
 * Densities whose law is known to the last bit: each is the image of the standard normal under a map with an inverse.
 *
 * The classics of the literature: an isotropic Gaussian, condition 1e4, correlation 0.99, the banana
 * x1 ~ N(0, 100), x2 ~ N(b(x1² − 100), 1) with b = 0.03 (Haario et al. 1999), and a double well of barrier 2 nats.
 */
import { normalQuantile } from "../../../src/analysis/normal-quantile.ts";
import type { Density, Transport } from "../density-ensemble.ts";

/** A density with what a sampler's settings need to know of it. */
export interface LawTarget extends Density, Transport {
  readonly name: string;
  /** 1/√(largest curvature of U in the bulk): the scale of stable steps. */
  readonly scale: number;
  /** Curvatures of a Gaussian in its own axes; null if it is none. */
  readonly curvature: readonly number[] | null;
  /** The law ∝ e^{−β·U}. */
  readonly tempered: (beta: number) => Transport;
}

type Rotation = (w: Float64Array) => Float64Array;

const unrotated: Rotation = (w) => w.slice();
/** By 45° in the plane: symmetric, hence its own inverse. */
const mixed: Rotation = (w) => {
  const [a = 0, b = 0] = w;
  return Float64Array.of((a + b) / Math.SQRT2, (a - b) / Math.SQRT2);
};

/** A Gaussian made narrower by √factor. */
const narrowed = (law: Transport, factor: number): Transport => ({
  fromNormal: (u) => law.fromNormal(u.map((value) => value / Math.sqrt(factor))),
  toNormal: (w) => law.toNormal(w).map((value) => value * Math.sqrt(factor)),
});

const gaussianLaw = (curvature: readonly number[], rotate: Rotation): Transport => ({
  fromNormal: (u) => rotate(u.map((value, i) => value / Math.sqrt(curvature[i] ?? Number.NaN))),
  toNormal: (w) => rotate(w).map((value, i) => value * Math.sqrt(curvature[i] ?? Number.NaN)),
});

/** N(0, diag(1/curvature)) in rotated axes. */
const gaussian = (name: string, curvature: readonly number[], rotate: Rotation = unrotated): LawTarget => ({
  name,
  dim: curvature.length,
  curvature,
  scale: 1 / Math.sqrt(Math.max(...curvature)),
  potential: (w, gradient) => {
    const own = rotate(w);
    const slope = own.map((value, i) => (curvature[i] ?? Number.NaN) * value);
    gradient?.set(rotate(slope));
    return own.reduce((sum, value, i) => sum + (value * (slope[i] ?? Number.NaN)) / 2, 0);
  },
  ...gaussianLaw(curvature, rotate),
  tempered: (beta) => narrowed(gaussianLaw(curvature, rotate), beta),
});

/** The Gaussian target with the law that a biased kernel has there: variances `variance(curvature)` on the same axes. */
export const gaussianWith = (target: LawTarget, variance: (curvature: number) => number): LawTarget => {
  if (target.curvature === null) throw new Error(`bug: ${target.name} is no Gaussian`);
  const factor = target.curvature.map((value) => Math.sqrt(value * variance(value)));
  return {
    ...target,
    fromNormal: (u) => target.fromNormal(u.map((value, i) => value * (factor[i] ?? Number.NaN))),
    toNormal: (w) => target.toNormal(w).map((value, i) => value / (factor[i] ?? Number.NaN)),
  };
};

const bend = 0.03;
const bananaLaw = (beta: number): Transport => {
  const width = 1 / Math.sqrt(beta);
  return {
    fromNormal: ([u = 0, v = 0]) => {
      const x = 10 * width * u;
      return Float64Array.of(x, width * v + bend * (x * x - 100));
    },
    toNormal: ([x = 0, y = 0]) => Float64Array.of(x / 10 / width, (y - bend * (x * x - 100)) / width),
  };
};

const banana: LawTarget = {
  name: "banana",
  dim: 2,
  curvature: null,
  scale: 0.6,
  potential: ([x = 0, y = 0], gradient) => {
    const rest = y - bend * (x * x - 100);
    gradient?.set([x / 100 - 2 * bend * x * rest, rest]);
    return x ** 2 / 200 + rest ** 2 / 2;
  },
  ...bananaLaw(1),
  tempered: bananaLaw,
};

const barrier = 2;
/** u at x = 0, −h, −2h, … of the density ∝ exp(−height·(x² − 1)²), by Simpson's rule. */
interface WellTable {
  readonly step: number;
  readonly u: Float64Array;
}

const wellTable = (height: number): WellTable => {
  // Up to the density e^{−45}.
  const count = 4000;
  const step = Math.sqrt(1 + Math.sqrt(45.3152 / height)) / count;
  const density = (x: number): number => Math.exp(-height * (x * x - 1) ** 2);
  const tail = new Float64Array(count + 1);
  for (let i = count - 1; i >= 0; i--) {
    const [near, far] = [i * step, (i + 1) * step];
    const area = (density(near) + 4 * density((near + far) / 2) + density(far)) * (step / 6);
    tail[i] = (tail[i + 1] ?? 0) + area;
  }
  const half = tail[0] ?? Number.NaN;
  // Beyond the table lies 1e-17 of the mass.
  return { step, u: tail.map((mass) => normalQuantile(Math.max(mass / (2 * half), 1e-17))) };
};

/** x ≤ 0 of u ≤ 0; odd, hence good for both signs. */
const wellFromNormal = ({ step, u: knots }: WellTable, u: number): number => {
  const wanted = -Math.abs(u);
  let [low, high] = [0, knots.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((knots[middle] ?? Number.NaN) > wanted) low = middle;
    else high = middle;
  }
  const [a = 0, b = 0] = [knots[low], knots[high]];
  return Math.sign(u) * step * (low + Math.min(1, (a - wanted) / (a - b)));
};

const wellToNormal = ({ step, u: knots }: WellTable, x: number): number => {
  const at = Math.min(Math.abs(x) / step, knots.length - 1 - 1e-9);
  const [a = 0, b = 0] = [knots[Math.floor(at)], knots[Math.floor(at) + 1]];
  return -Math.sign(x) * (a + (b - a) * (at - Math.floor(at)));
};

const wellLaw = (beta: number): Transport => {
  const table = wellTable(beta * barrier);
  const width = 1 / Math.sqrt(beta);
  return {
    fromNormal: ([u = 0, v = 0]) => Float64Array.of(wellFromNormal(table, u), width * v),
    toNormal: ([x = 0, y = 0]) => Float64Array.of(wellToNormal(table, x), y / width),
  };
};

const doubleWell: LawTarget = {
  name: "double well",
  dim: 2,
  curvature: null,
  scale: 0.25,
  potential: ([x = 0, y = 0], gradient) => {
    gradient?.set([4 * barrier * x * (x * x - 1), y]);
    return barrier * (x * x - 1) ** 2 + y ** 2 / 2;
  },
  ...wellLaw(1),
  tempered: wellLaw,
};

/** In the order of the evidence table. */
export const lawTargets: readonly LawTarget[] = [
  gaussian("Gaussian", [1, 1, 1]),
  gaussian("κ = 1e4", [1, 100, 1e4]),
  gaussian("ρ = 0.99", [1 / 1.99, 1 / 0.01], mixed),
  banana,
  doubleWell,
];
