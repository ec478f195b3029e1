/**
 * The function that labels are made from.
 *
 * - mlp with an empty teacher: the student's network with its own random weights.
 * - mlp with a teacher: the student's network with the named parts changed. Widths: the teacher's `widths`, else its
 *   `targetParams`, else its `hidden`; where it names none of them, the student's (at the teacher's depth).
 * - deep_linear: a product of matrices, each of exact rank r on a common chain of subspaces. Every factor has the
 *   smallest possible rank, which is the most singular point of the fibre, where Aoyagi's formula is the local value:
 *   W_s = Q_{s−1}·diag(σ)·Q_sᵀ, Q_s uniformly random (H_s, r) with orthonormal columns, σ_k^M = 1 + k/r for k < r.
 */

import { type NetworkSpec, networkLayers, numParametersOf } from "../../compute/model.ts";
import { SweepError } from "../../core/errors.ts";
import { exponential, naturalLog } from "../../random/elementary.ts";
import { fillNormal } from "../../random/normal.ts";
import { purpose } from "../../random/purpose.ts";
import { initialWeights } from "../network/initial-weights.ts";
import { orthonormaliseRows } from "../network/orthonormal.ts";
import { activationNamed, frameOf, studentNetworkOf } from "../network/student.ts";
import { resolveWidths, type WidthChoice } from "../network/widths.ts";
import type { DeepLinearConfig, MlpConfig, TeacherConfig } from "../target-config.ts";

/** A network with fixed parameters. */
export interface Teacher {
  readonly network: NetworkSpec;
  /** Shape (numParameters). */
  readonly parameters: Float64Array;
  /** Probability that a label is set to 0. */
  readonly dropoutRate: number;
}

/** @throws SweepError `CONFIG_INVALID` if widths cannot be resolved or a deep linear network is given a teacher. */
export const buildTeacher = (
  model: MlpConfig | DeepLinearConfig,
  teacher: TeacherConfig,
  seed: number,
): Teacher => {
  const dropoutRate = teacher.dropoutRate ?? 0;
  if (model.kind === "deep_linear") {
    refuseTeacher(teacher);
    return { network: studentNetworkOf(model), parameters: lowRankFactors(model, seed), dropoutRate };
  }
  const network = teacherNetworkOf(model, teacher);
  const draw = {
    law: model.init,
    scale: 1,
    biases: "normal",
    seed,
    purpose: purpose.teacherWeights,
  } as const;
  return { network, parameters: initialWeights(network, draw), dropoutRate };
};

/** Architecture of an MLP's teacher. */
export const teacherNetworkOf = (model: MlpConfig, teacher: TeacherConfig): NetworkSpec => {
  const frame = { ...frameOf(model), activation: activationNamed(teacher.activation ?? model.activation) };
  return { ...frame, widths: resolveWidths(frame, teacherWidths(model, teacher)) };
};

const teacherWidths = (model: MlpConfig, teacher: TeacherConfig): WidthChoice => {
  const depth = teacher.depth ?? model.depth;
  const { widths = null, targetParams = null, hidden = null } = teacher;
  const namesWidth = [widths, targetParams, hidden].some((part) => part !== null);
  if (namesWidth) return { depth, widths, targetParams, hidden };
  if (depth === model.depth) return model;
  return {
    depth,
    widths,
    targetParams: model.targetParams,
    hidden: model.hidden ?? model.widths?.[0] ?? null,
  };
};

const refuseTeacher = (teacher: TeacherConfig): void => {
  const given = Object.entries(teacher).filter(([, value]) => value !== null && value !== undefined);
  if (given.length === 0) return;
  throw new SweepError(
    "CONFIG_INVALID",
    `the teacher has ${given.map(([key]) => key).join(", ")}, but a deep_linear model has its own teacher of rank \`rank\`; expected an empty one. Use teacher: _null with this model.`,
  );
};

const lowRankFactors = ({ widths, rank }: DeepLinearConfig, seed: number): Float64Array => {
  const network = studentNetworkOf({ kind: "deep_linear", widths, rank });
  const layers = networkLayers(network);
  const bases = widths.map((width, index) => {
    const rows = new Float64Array(rank * width);
    fillNormal({ seed, purpose: purpose.teacherWeights, step: index }, rows);
    orthonormaliseRows(rows, width);
    return rows;
  });
  const w = new Float64Array(numParametersOf(network));
  layers.forEach((layer, index) => {
    for (let k = 0; k < rank; k++) {
      const singularValue = exponential(naturalLog(1 + k / rank) / layers.length);
      const left = bases[index].subarray(k * layer.fanIn, (k + 1) * layer.fanIn);
      const right = bases[index + 1].subarray(k * layer.fanOut, (k + 1) * layer.fanOut);
      addOuterProduct(w.subarray(layer.weights), singularValue, { left, right });
    }
  });
  return w;
};

/** matrix += scale·left·rightᵀ. */
const addOuterProduct = (
  matrix: Float64Array,
  scale: number,
  { left, right }: { readonly left: Float64Array; readonly right: Float64Array },
): void => {
  for (let i = 0; i < left.length; i++) {
    for (let j = 0; j < right.length; j++) matrix[i * right.length + j] += scale * left[i] * right[j];
  }
};
