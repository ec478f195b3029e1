/**
 * The tree of one NUTS transition by Stan's own recursion (`base_nuts.hpp`), as an oracle of the iterative form: which
 * leaves are made, when the trajectory stops, and why. One chain, unit mass, plain numbers.
 */
export interface OracleOptions {
  readonly stepSize: number;
  readonly maxDepth: number;
  /** Whether the checks across the seam of two halves are made. */
  readonly hasSeamChecks: boolean;
  /** Direction of each doubling: true is forward. */
  readonly isForward: (depth: number) => boolean;
}

export interface OracleTree {
  readonly depth: number;
  readonly numSteps: number;
  readonly acceptanceRate: number;
  readonly isDivergent: boolean;
  readonly maxEnergyError: number;
}

type Vector = readonly number[];
type PotentialFunction = (position: Float64Array, gradient: Float64Array) => number;

interface Point {
  readonly q: Vector;
  readonly p: Vector;
}

/** A finished stretch: its last point, momenta at its ends in order of creation, their sum. */
interface Stretch {
  readonly end: Point;
  readonly pBeg: Vector;
  readonly pEnd: Vector;
  readonly rho: Vector;
}

const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const add = (a: Vector, b: Vector): Vector => a.map((value, i) => value + (b[i] ?? 0));
const isOpen = (beg: Vector, end: Vector, rho: Vector): boolean => dot(beg, rho) > 0 && dot(end, rho) > 0;

/** Whether the join of two stretches goes on without a turn. */
const persists = (a: Stretch, b: Stretch, hasSeamChecks: boolean): boolean =>
  isOpen(a.pBeg, b.pEnd, add(a.rho, b.rho)) &&
  (!hasSeamChecks ||
    (isOpen(a.pBeg, b.pBeg, add(a.rho, b.pBeg)) && isOpen(a.pEnd, b.pEnd, add(b.rho, a.pEnd))));

const gradientAt = (potential: PotentialFunction, q: Vector): { value: number; gradient: Vector } => {
  const gradient = new Float64Array(q.length);
  return { value: potential(Float64Array.from(q), gradient), gradient: [...gradient] };
};

const leapfrog = (potential: PotentialFunction, { q, p }: Point, stepSize: number): Point => {
  const half = add(
    p,
    gradientAt(potential, q).gradient.map((g) => -0.5 * stepSize * g),
  );
  const next = add(
    q,
    half.map((value) => stepSize * value),
  );
  const kick = gradientAt(potential, next).gradient.map((g) => -0.5 * stepSize * g);
  return { q: next, p: add(half, kick) };
};

/** The tree that grows from (q, p). */
export const recursiveTree = (
  potential: PotentialFunction,
  start: Point,
  options: OracleOptions,
): OracleTree => {
  const energyOf = ({ q, p }: Point): number => gradientAt(potential, q).value + dot(p, p) / 2;
  const initial = energyOf(start);
  let [numSteps, acceptance, isDivergent, maxEnergyError] = [0, 0, false, 0];

  const build = (from: Point, depth: number, sign: number): Stretch | null => {
    if (depth === 0) {
      const end = leapfrog(potential, from, sign * options.stepSize);
      const difference = energyOf(end) - initial;
      const error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      numSteps += 1;
      acceptance += Math.min(1, Math.exp(-error));
      if (Math.abs(error) > Math.abs(maxEnergyError)) maxEnergyError = error;
      if (error > 1000) isDivergent = true;
      return error > 1000 ? null : { end, pBeg: end.p, pEnd: end.p, rho: end.p };
    }
    const a = build(from, depth - 1, sign);
    const b = a === null ? null : build(a.end, depth - 1, sign);
    if (a === null || b === null || !persists(a, b, options.hasSeamChecks)) return null;
    return { end: b.end, pBeg: a.pBeg, pEnd: b.pEnd, rho: add(a.rho, b.rho) };
  };

  let [back, front, rho] = [start, start, start.p];
  let depth = 0;
  for (let isGrowing = true; isGrowing && depth < options.maxDepth; ) {
    const isForward = options.isForward(depth);
    const subtree = build(isForward ? front : back, depth, isForward ? 1 : -1);
    if (subtree === null) break;
    const [near, far] = isForward ? [front, back] : [back, front];
    const tree: Stretch = { end: near, pBeg: far.p, pEnd: near.p, rho };
    if (isForward) front = subtree.end;
    else back = subtree.end;
    depth += 1;
    isGrowing = persists(tree, subtree, options.hasSeamChecks);
    rho = add(rho, subtree.rho);
  }
  return { depth, numSteps, acceptanceRate: acceptance / numSteps, isDivergent, maxEnergyError };
};
