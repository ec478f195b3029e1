/**
 * Synthetic data of a target: inputs, clean labels of the teacher, dropped labels, noise, classes, in this order.
 *
 * Everything is a function of the seed and the configuration alone; made in plain TypeScript with a fixed order of
 * operations, so the bits depend neither on a backend nor on the machine.
 */
import type { Dataset, LossSpec } from "../../compute/model.ts";
import { purpose } from "../../random/purpose.ts";
import { fillUniform } from "../../random/uniform.ts";
import { forward } from "../network/forward.ts";
import type { DataConfig } from "../target-config.ts";
import { drawInputs } from "./input-law.ts";
import { makeLabels } from "./label-law.ts";
import { addNoise } from "./noise-law.ts";
import { type Split, streamOf } from "./split.ts";
import type { Teacher } from "./teacher.ts";

/** What the data of one target are made of. */
export interface DataSource {
  readonly data: DataConfig;
  readonly teacher: Teacher;
  readonly loss: LossSpec;
}

/** Inputs (numData, inDim) and labels (numData, outDim) of one split. */
export const drawDataset = ({ data, teacher, loss }: DataSource, split: Split): Dataset => {
  const inputs = drawInputs(data, teacher.network.inDim, split);
  const labels = forward(teacher.network, teacher.parameters, inputs);
  dropLabels(labels, teacher.dropoutRate, split);
  addNoise(labels, inputs, { data, split });
  makeLabels(labels, { loss: loss.kind, kind: data.labelKind ?? "sampled" }, split);
  return { numData: split.numData, inputs, labels };
};

/** Sets each label to 0 with probability `rate`, independently; the others are not rescaled. */
const dropLabels = (labels: Float64Array, rate: number, split: Split): void => {
  if (rate === 0) return;
  const uniforms = new Float64Array(labels.length);
  fillUniform(streamOf(split, purpose.teacherDropout), uniforms);
  for (let i = 0; i < labels.length; i++) if (uniforms[i] < rate) labels[i] = 0;
};
