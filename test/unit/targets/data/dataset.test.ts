/**
 * Whole data sets: bits for one seed, and the order of teacher, dropout, noise and classes.
 * The dropout check is statistical: z < 5, ≈ 6e-7 false alarms. Seen to fail: survivors rescaled by 1/(1 − p).
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../../src/compute/model.ts";
import { drawDataset } from "../../../../src/targets/data/dataset.ts";
import type { Split } from "../../../../src/targets/data/split.ts";
import { buildTeacher } from "../../../../src/targets/data/teacher.ts";
import { forward } from "../../../../src/targets/network/forward.ts";
import type { InputLaw, NoiseLaw, TeacherConfig } from "../../../../src/targets/target-config.ts";
import { aData, anMlp } from "../../../support/target-configs.ts";
import { zScore } from "../../../support/z-score.ts";

const split: Split = { name: "training", numData: 64, seed: 42 };
const model = anMlp({ inDim: 3, outDim: 2, widths: [5, 4], depth: 2, activation: "gelu" });
const teacherOf = (teacher: TeacherConfig) => buildTeacher(model, teacher, 42);

const digest = ({ inputs, labels }: Dataset): string => {
  const hash = createHash("sha256");
  for (const array of [inputs, labels])
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return hash.digest("hex").slice(0, 16);
};

describe("drawDataset", () => {
  // Bits of seed 42 on little-endian machines: a change here changes every target; raise `targetNumericsVersion` with it.
  const pairs: readonly [InputLaw, NoiseLaw, string][] = [
    ["gauss_iso", "gauss", "ffc566f468700e9f"],
    ["gauss_aniso", "hetero", "c9ea36cff0ca427a"],
    ["mixture", "student_t", "02f75e1f2be3659c"],
    ["lowdim_manifold", "outliers", "553cd44a71764829"],
    ["heavy_tail", "none", "e60656eb7c01febd"],
    ["uniform", "gauss", "f6369b10b8831975"],
  ];
  it.each(pairs)("gives the same bits for %s inputs and %s noise", (xDist, noiseModel, expected) => {
    const data = aData({ xDist, noiseModel });
    expect(digest(drawDataset({ data, teacher: teacherOf({}), loss: { kind: "mse" } }, split))).toBe(
      expected,
    );
  });

  it.each([
    ["bce", "b7d0a9924e72072f"],
    ["cross_entropy", "f4df678981e8557e"],
  ] as const)("gives the same bits for %s labels", (kind, expected) => {
    const data = aData();
    expect(digest(drawDataset({ data, teacher: teacherOf({}), loss: { kind } }, split))).toBe(expected);
  });

  it("labels with the teacher's outputs where there is no noise", () => {
    const teacher = teacherOf({ widths: [7], activation: "tanh" });
    const data = aData({ noiseModel: "none" });
    const { inputs, labels, numData } = drawDataset({ data, teacher, loss: { kind: "mse" } }, split);
    expect(numData).toBe(64);
    expect(labels).toEqual(forward(teacher.network, teacher.parameters, inputs));
  });

  it("drops a share of clean labels, keeps the others as they are, and adds noise after", () => {
    const many = { ...split, numData: 5000 };
    const source = { data: aData({ noiseModel: "none" }), loss: { kind: "mse" } } as const;
    const clean = drawDataset({ ...source, teacher: teacherOf({}) }, many).labels;
    const dropped = drawDataset({ ...source, teacher: teacherOf({ dropoutRate: 0.3 }) }, many).labels;
    expect(dropped.every((value, i) => value === 0 || value === clean[i])).toBe(true);
    expect(
      zScore(
        dropped.map((value) => (value === 0 ? 1 : 0)),
        0.3,
      ),
    ).toBeLessThan(5);
    const noisy = drawDataset(
      { ...source, data: aData(), teacher: teacherOf({ dropoutRate: 0.3 }) },
      many,
    ).labels;
    expect(noisy.filter((value) => value === 0)).toHaveLength(0);
  });

  it("gives the test set other inputs and labels of the same teacher", () => {
    const source = {
      data: aData({ noiseModel: "none" }),
      teacher: teacherOf({}),
      loss: { kind: "mse" },
    } as const;
    const test = drawDataset(source, { ...split, name: "test" });
    expect(test.inputs).not.toEqual(drawDataset(source, split).inputs);
    expect(test.labels).toEqual(forward(source.teacher.network, source.teacher.parameters, test.inputs));
  });
});
