/** Teachers: inheritance, widths, and deep linear products of exact rank. */
import { describe, expect, it } from "vitest";
import { networkLayers } from "../../../../src/compute/model.ts";
import { buildTeacher, teacherNetworkOf } from "../../../../src/targets/data/teacher.ts";
import { studentNetworkOf } from "../../../../src/targets/network/student.ts";
import { symmetricEigen } from "../../../../src/targets/training/symmetric-eigen.ts";
import { aDeepLinear, anMlp } from "../../../support/target-configs.ts";

const student = anMlp({ depth: 2, widths: null, targetParams: 50, hidden: 32, inDim: 4 });

describe("teacherNetworkOf", () => {
  it("is the student's network for an empty teacher or one of nulls", () => {
    expect(teacherNetworkOf(student, {})).toEqual(studentNetworkOf(student));
    expect(teacherNetworkOf(student, { depth: null, hidden: null, widths: null })).toEqual(
      studentNetworkOf(student),
    );
    expect(teacherNetworkOf(student, { dropoutRate: 0.1 })).toEqual(studentNetworkOf(student));
  });

  it("lets the teacher's hidden take effect although the student has target_params", () => {
    expect(teacherNetworkOf(student, { hidden: 7 }).widths).toEqual([7, 7]);
    expect(teacherNetworkOf(student, { hidden: 7, depth: 3 }).widths).toEqual([7, 7, 7]);
  });

  it("prefers the teacher's widths, then its target_params", () => {
    expect(teacherNetworkOf(student, { widths: [3], targetParams: 50, hidden: 7 }).widths).toEqual([3]);
    expect(teacherNetworkOf(student, { targetParams: 100, hidden: 7 }).widths).toEqual([7, 7]);
    expect(teacherNetworkOf(student, { targetParams: 30 }).widths).toEqual([2, 2]);
  });

  it("resizes the student's budget where only the depth differs", () => {
    expect(teacherNetworkOf(student, { depth: 1 }).widths).toEqual([8]);
    expect(teacherNetworkOf(anMlp({ depth: 2, widths: [5, 5] }), { depth: 1 }).widths).toEqual([5]);
  });

  it("takes its own activation and keeps the student's bias, layernorm and skips", () => {
    const odd = anMlp({ bias: false, layernorm: true, skipConnections: true, residualPeriod: 3 });
    expect(teacherNetworkOf(odd, { activation: "gelu" })).toMatchObject({
      activation: "gelu",
      bias: false,
      layernorm: true,
      skipConnections: true,
      residualPeriod: 3,
    });
  });
});

describe("buildTeacher", () => {
  it("has weights of its own, not those the student starts from, that repeat for a seed", () => {
    const teacher = buildTeacher(student, {}, 3);
    expect(teacher.parameters).toEqual(buildTeacher(student, {}, 3).parameters);
    expect(teacher.parameters).not.toEqual(buildTeacher(student, {}, 4).parameters);
    expect(teacher.dropoutRate).toBe(0);
  });

  it.each([
    [[5, 3, 5], 2],
    [[4, 4, 4, 4], 0],
    [[3, 3], 3],
    [[10, 20, 20, 10], 4],
  ])("gives a deep linear network of widths %j factors and a product of exact rank %d", (widths, rank) => {
    const teacher = buildTeacher(aDeepLinear({ widths, rank }), {}, 6);
    let product = identity(widths[0] ?? 0);
    let columns = widths[0] ?? 0;
    for (const layer of networkLayers(teacher.network)) {
      const factor = teacher.parameters.subarray(layer.weights, layer.weights + layer.fanIn * layer.fanOut);
      expect(rankOf(factor, layer.fanIn, layer.fanOut)).toBe(rank);
      product = multiply(product, factor, [widths[0] ?? 0, columns, layer.fanOut]);
      columns = layer.fanOut;
    }
    const singular = singularValues(product, widths[0] ?? 0, columns);
    for (let k = 0; k < rank; k++)
      expect(singular[singular.length - 1 - k]).toBeCloseTo(1 + (rank - 1 - k) / rank, 12);
    expect(rankOf(product, widths[0] ?? 0, columns)).toBe(rank);
  });

  it("refuses a teacher for a deep linear network", () => {
    expect(() => buildTeacher(aDeepLinear(), { hidden: 3 }, 1)).toThrow(
      /deep_linear model has its own teacher/,
    );
  });
});

const identity = (size: number): Float64Array =>
  Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));

const multiply = (
  a: Float64Array,
  b: Float64Array,
  [m, k, n]: readonly [number, number, number],
): Float64Array =>
  Float64Array.from({ length: m * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += (a[i * k + l] ?? NaN) * (b[l * n + j] ?? NaN);
    return sum;
  });

const singularValues = (matrix: Float64Array, rows: number, columns: number): Float64Array => {
  const transposed = Float64Array.from(
    { length: matrix.length },
    (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)] ?? NaN,
  );
  const gram = multiply(matrix, transposed, [rows, columns, rows]);
  return symmetricEigen(gram, rows).values.map((value) => Math.sqrt(Math.max(0, value)));
};

const rankOf = (matrix: Float64Array, rows: number, columns: number): number =>
  singularValues(matrix, rows, columns).filter((value) => value > 1e-6).length;
