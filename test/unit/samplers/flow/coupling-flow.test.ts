/** The flow's own reverse mode against finite differences, its inverse, and its density against quadrature. */
import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { CouplingFlow, flowShape } from "../../../../src/samplers/flow/coupling-flow.ts";
import { planeGrid } from "../../../support/mixtures.ts";

/** A flow with random parameters everywhere, so that no term is 0 by chance. */
const aFlow = (dim: number, depth = 4, hidden: readonly number[] = [5, 4]): CouplingFlow => {
  const flow = new CouplingFlow(flowShape(dim, depth, hidden));
  fillNormal({ seed: 3, purpose: 1 }, flow.values);
  for (let at = 0; at < flow.values.length; at++) flow.values[at]! *= 0.4;
  return flow;
};

const normals = (length: number, seed: number): Float64Array => {
  const out = new Float64Array(length);
  fillNormal({ seed, purpose: 2 }, out);
  return out;
};

const pushed = (flow: CouplingFlow, u: Float64Array): Float64Array => {
  const z = u.slice();
  flow.push(z);
  return z;
};

const shapes = [
  [1, 2],
  [2, 4],
  [3, 1],
  [3, 4],
  [5, 7],
] as const;

/** Central difference of f by entry `at` of `array`. */
const slopeOf = (array: Float64Array, at: number, f: () => number): number => {
  const step = 1e-5;
  const value = array[at]!;
  array[at] = value + step;
  const ahead = f();
  array[at] = value - step;
  const behind = f();
  array[at] = value;
  return (ahead - behind) / (2 * step);
};

describe.each(shapes)("a flow of %i coordinates and %i layers", (dim, depth) => {
  const flow = aFlow(dim, depth);
  const u = normals(dim, 4);

  it("has a density that is that of u over the determinant of its Jacobian", () => {
    const z = pushed(flow, u);
    const jacobian = Array.from({ length: dim }, (_, j) =>
      Array.from({ length: dim }, (_unused, i) => slopeOf(u, j, () => pushed(flow, u)[i]!)),
    );
    const expected =
      -0.5 * (dim * Math.log(2 * Math.PI) + u.reduce((sum, value) => sum + value * value, 0)) -
      Math.log(Math.abs(determinantOf(jacobian)));
    expect(flow.trace(z)).toBeCloseTo(expected, 7);
  });

  // Central differences with h = 1e-5: error about 1e-9.
  it("has the score that differences of its density give", () => {
    const z = pushed(flow, u);
    flow.trace(z);
    const score = flow.score();
    for (let i = 0; i < dim; i++)
      expect(score[i]).toBeCloseTo(
        slopeOf(z, i, () => flow.trace(z)),
        6,
      );
  });

  it("has the path gradient that differences of z at the same u give, for every parameter", () => {
    const force = normals(dim, 5);
    flow.trace(pushed(flow, u));
    const gradient = new Float64Array(flow.values.length);
    flow.addPathGradient(force, gradient);
    const along = (): number => pushed(flow, u).reduce((sum, value, i) => sum + force[i]! * value, 0);
    for (let at = 0; at < gradient.length; at++) {
      expect(gradient[at]).toBeCloseTo(slopeOf(flow.values, at, along), 6);
    }
  });
});

describe("CouplingFlow", () => {
  it("begins as the identity", () => {
    const flow = new CouplingFlow(flowShape(4, 4, [8]));
    flow.begin({ seed: 1, purpose: 1 });
    const u = normals(4, 6);
    expect(pushed(flow, u)).toEqual(u);
  });

  // The trapezium rule on a grid that holds all of the mass.
  it("has a density that integrates to 1 over the line and over the plane", () => {
    const line = aFlow(1, 2);
    let length = 0;
    for (let i = 0; i <= 4000; i++) length += Math.exp(line.trace(Float64Array.of(-20 + i * 0.01))) * 0.01;
    expect(length).toBeCloseTo(1, 9);
    const flow = aFlow(2, 4);
    const plane = planeGrid(24, 400).reduce(
      (sum, { point, area }) => sum + Math.exp(flow.trace(point)) * area,
      0,
    );
    expect(plane).toBeCloseTo(1, 5);
  });

  it("adds to a gradient what is there already, and NaN stays NaN", () => {
    const flow = aFlow(2);
    const [once, twice] = [new Float64Array(flow.values.length), new Float64Array(flow.values.length)];
    flow.trace(Float64Array.of(0.3, -0.2));
    flow.addPathGradient(Float64Array.of(1, 2), once);
    flow.addPathGradient(Float64Array.of(1, 2), twice);
    flow.addPathGradient(Float64Array.of(1, 2), twice);
    once.forEach((value, at) => expect(twice[at]).toBe(2 * value));
    expect(flow.trace(Float64Array.of(Number.NaN, 0))).toBeNaN();
  });
});

/** By elimination with row pivots. */
const determinantOf = (rows: number[][]): number => {
  const work = rows.map((row) => row.slice());
  let determinant = 1;
  for (let k = 0; k < work.length; k++) {
    const pivot = work.slice(k).reduce((best, row) => (Math.abs(row[k]!) > Math.abs(best[k]!) ? row : best));
    const from = work.indexOf(pivot);
    [work[k], work[from]] = [work[from]!, work[k]!];
    determinant *= (from === k ? 1 : -1) * pivot[k]!;
    for (const row of work.slice(k + 1)) {
      const factor = row[k]! / pivot[k]!;
      for (let j = k; j < row.length; j++) row[j]! -= factor * pivot[j]!;
    }
  }
  return determinant;
};
