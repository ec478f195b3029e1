/** Arrays and elementwise operations of every backend, at sizes around vector widths. */
import { expect, it } from "vitest";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import { aStandardNormal, normals, perChain, scalarsOf, vectorsOf } from "../../support/problems.ts";

const shapes = [
  { numChains: 1, dim: 1 },
  { numChains: 3, dim: 1 },
  { numChains: 1, dim: 3 },
  { numChains: 3, dim: 62 },
  { numChains: 2, dim: 65 },
  { numChains: 65, dim: 3 },
  { numChains: 3, dim: 777 },
  { numChains: 777, dim: 3 },
];

/** Values that float32 cannot hold. */
const thirds = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => (i - 2) / 3);

describeBackends("arrays", (backend) => {
  it.each(shapes)("reads back what was written, rounded ($numChains × $dim)", async ({ numChains, dim }) => {
    const ensemble = backend.open(aStandardNormal(dim, numChains));
    expect([ensemble.numChains, ensemble.dim]).toEqual([numChains, dim]);
    const values = thirds(numChains * dim);
    const row = ensemble.row();
    ensemble.writeRow(row, values.subarray(0, dim));
    expect(await ensemble.readVectors(vectorsOf(ensemble, values))).toEqual(backend.round(values));
    expect(await ensemble.readRow(row)).toEqual(backend.round(values.subarray(0, dim)));
    const energies = thirds(numChains);
    expect(await ensemble.readScalars(scalarsOf(ensemble, [...energies]))).toEqual(energies);
  });

  it("starts arrays at zero and gives copies to readers", async () => {
    const ensemble = backend.open(aStandardNormal(5, 3));
    const vectors = ensemble.vectors();
    const first = await ensemble.readVectors(vectors);
    expect(first).toEqual(new Float64Array(15));
    expect(await ensemble.readRow(ensemble.row())).toEqual(new Float64Array(5));
    expect(await ensemble.readScalars(ensemble.scalars())).toEqual(new Float64Array(3));
    first.fill(1);
    expect(await ensemble.readVectors(vectors)).toEqual(new Float64Array(15));
  });

  it("keeps values as they were at the time of the write", async () => {
    const ensemble = backend.open(aStandardNormal(3, 1));
    const values = Float64Array.of(1, 2, 3);
    const vectors = vectorsOf(ensemble, values);
    values.fill(9);
    expect(await ensemble.readVectors(vectors)).toEqual(Float64Array.of(1, 2, 3));
  });

  it("carries NaN and ±∞ through writes, copies and reads", async () => {
    const ensemble = backend.open(aStandardNormal(3, 1));
    const values = Float64Array.of(NaN, Infinity, -Infinity);
    const target = ensemble.vectors();
    ensemble.copy(vectorsOf(ensemble, values), target);
    expect(await ensemble.readVectors(target)).toEqual(values);
  });

  it.each(shapes)("select copies the masked chains alone ($numChains × $dim)", async ({ numChains, dim }) => {
    const ensemble = backend.open(aStandardNormal(dim, numChains));
    const [a, b] = [normals(numChains * dim, 1), normals(numChains * dim, 2)];
    const mask = Uint8Array.from({ length: numChains }, (_, chain) => (chain % 3 === 0 ? chain + 1 : 0));
    mask[numChains - 1] = 255;
    const target = vectorsOf(ensemble, b);
    ensemble.select(mask, vectorsOf(ensemble, a), target);
    const expected = b.map((value, i) => (mask[Math.floor(i / dim)] === 0 ? value : (a[i] as number)));
    expect(await ensemble.readVectors(target)).toEqual(expected);
  });

  it("select keeps NaN of an unmasked chain out", async () => {
    const ensemble = backend.open(aStandardNormal(3, 2));
    const target = vectorsOf(ensemble, Float64Array.of(1, 2, 3, 4, 5, 6));
    const source = vectorsOf(ensemble, Float64Array.of(NaN, NaN, NaN, 7, 8, 9));
    ensemble.select(Uint8Array.of(0, 1), source, target);
    expect(await ensemble.readVectors(target)).toEqual(Float64Array.of(1, 2, 3, 7, 8, 9));
  });

  it.each(shapes)("axpy adds alpha[chain]·x to y ($numChains × $dim)", async ({ numChains, dim }) => {
    const ensemble = backend.open(aStandardNormal(dim, numChains));
    const [x, y] = [normals(numChains * dim, 1), normals(numChains * dim, 2)];
    const alpha = perChain(ensemble, (chain) => (chain - 1) / 3);
    const target = vectorsOf(ensemble, y);
    ensemble.axpy(alpha, vectorsOf(ensemble, x), target);
    const expected = y.map((value, i) => value + (alpha[Math.floor(i / dim)] as number) * (x[i] as number));
    expectClose(await ensemble.readVectors(target), expected, backend.tolerance.elementwise);
  });

  it.each(shapes)("scaleByRow multiplies every chain ($numChains × $dim)", async ({ numChains, dim }) => {
    const ensemble = backend.open(aStandardNormal(dim, numChains));
    const [x, factors] = [normals(numChains * dim, 1), normals(dim, 2)];
    const row = ensemble.row();
    ensemble.writeRow(row, factors);
    const target = vectorsOf(ensemble, x);
    ensemble.scaleByRow(row, target);
    const expected = x.map((value, i) => value * (factors[i % dim] as number));
    expectClose(await ensemble.readVectors(target), expected, backend.tolerance.elementwise);
  });

  it.each(shapes)("dot and weightedDot are float64 sums ($numChains × $dim)", async ({ numChains, dim }) => {
    const ensemble = backend.open(aStandardNormal(dim, numChains));
    const [x, y, weights] = [normals(numChains * dim, 1), normals(numChains * dim, 2), normals(dim, 3)];
    const row = ensemble.row();
    ensemble.writeRow(row, weights);
    const [vx, vy] = [vectorsOf(ensemble, x), vectorsOf(ensemble, y)];
    const [plain, weighted] = [ensemble.scalars(), ensemble.scalars()];
    ensemble.dot(vx, vy, plain);
    ensemble.weightedDot(row, vx, vy, weighted);
    const sum = (term: (i: number) => number): Float64Array =>
      perChain(ensemble, (chain) => {
        let total = 0;
        for (let i = chain * dim; i < (chain + 1) * dim; i++) total += term(i);
        return total;
      });
    const product = (i: number): number => (x[i] as number) * (y[i] as number);
    // Inputs are float32 numbers, so products are exact in float64: the sum's order alone may differ, in both precisions.
    expectClose(await ensemble.readScalars(plain), sum(product), 1e-14, dim);
    const weightedSum = sum((i) => (weights[i % dim] as number) * product(i));
    expectClose(await ensemble.readScalars(weighted), weightedSum, 1e-14, dim);
  });

  it.each(shapes)("squaredDistance is that to the center ($numChains × $dim)", async ({ numChains, dim }) => {
    const ensemble = backend.open(aStandardNormal(dim, numChains));
    const [x, center] = [normals(numChains * dim, 1), normals(dim, 2, 3)];
    const all = new Float64Array(numChains).fill(1);
    ensemble.setPotential({ center, nBeta: all, gamma: all });
    const out = ensemble.scalars();
    ensemble.squaredDistance(vectorsOf(ensemble, x), out);
    const expected = perChain(ensemble, (chain) =>
      x
        .subarray(chain * dim, (chain + 1) * dim)
        .reduce((sum, w, i) => sum + (w - (center[i] as number)) ** 2, 0),
    );
    // Differences of float32 numbers are exact in float64 to the last bit but one.
    expectClose(await ensemble.readScalars(out), expected, 1e-14, 10 * dim);
  });

  it("dot of a vector with itself is its squared norm", async () => {
    const ensemble = backend.open(aStandardNormal(62, 3));
    const out = ensemble.scalars();
    const x = vectorsOf(ensemble, new Float64Array(3 * 62).fill(2));
    ensemble.dot(x, x, out);
    expect(await ensemble.readScalars(out)).toEqual(Float64Array.of(248, 248, 248));
  });

  it("keeps ensembles apart, also while a large one comes and goes", async () => {
    const small = backend.open(aStandardNormal(3, 2));
    const values = Float64Array.of(1, 2, 3, 4, 5, 6);
    const before = vectorsOf(small, values);
    const large = backend.open(aStandardNormal(1_000_000, 3));
    const zeros = large.vectors();
    const after = vectorsOf(small, values);
    small.axpy(Float64Array.of(1, 1), before, after);
    expect(await small.readVectors(before)).toEqual(values);
    expect(await small.readVectors(after)).toEqual(values.map((value) => 2 * value));
    expect((await large.readVectors(zeros)).every((value) => value === 0)).toBe(true);
    large.close();
    small.copy(before, after);
    expect(await small.readVectors(after)).toEqual(values);
  });

  it("setPotential keeps its own copy, and the last one counts", async () => {
    const ensemble = backend.open(aStandardNormal(2, 1));
    const position = vectorsOf(ensemble, Float64Array.of(3, 4));
    const out = { loss: ensemble.scalars(), potential: ensemble.scalars(), gradient: ensemble.vectors() };
    const center = Float64Array.of(1, 1);
    ensemble.setPotential({ center, nBeta: Float64Array.of(9), gamma: Float64Array.of(9) });
    ensemble.setPotential({ center, nBeta: Float64Array.of(2), gamma: Float64Array.of(10) });
    center.fill(99);
    ensemble.potentialAndGradient(position, out);
    expect(await ensemble.readScalars(out.loss)).toEqual(Float64Array.of(12.5));
    expect(await ensemble.readScalars(out.potential)).toEqual(Float64Array.of(2 * 12.5 + 5 * (4 + 9)));
    expect(await ensemble.readVectors(out.gradient)).toEqual(Float64Array.of(2 * 3 + 20, 2 * 4 + 30));
  });
});
