/**
 * Builds a target: data, teacher, trained parameters w*, and what must be known about w* before chains are centred on it.
 *
 * Pass the `wasm` backend: its arithmetic is specified to the bit, so w* depends on the configuration alone.
 */

import type { Backend } from "../compute/backend.ts";
import { type Dataset, dimOf, type LossModel, type NetworkSpec } from "../compute/model.ts";
import { SweepError } from "../core/errors.ts";
import { purpose } from "../random/purpose.ts";
import { checkTargetConfig } from "./check-config.ts";
import { drawDataset } from "./data/dataset.ts";
import { buildTeacher, type Teacher } from "./data/teacher.ts";
import { lossModelOf, type SolvableModel, solvableModelOf } from "./loss-model.ts";
import { initialWeights } from "./network/initial-weights.ts";
import { studentNetworkOf } from "./network/student.ts";
import { type DeepLinearConfig, isClosedForm, type MlpConfig, type TargetConfig } from "./target-config.ts";
import { findMinimum, type Minimum, type TrainingRecord } from "./training/find-minimum.ts";
import { openObjective } from "./training/objective.ts";
import type { BuildHooks } from "./training/pacing.ts";
import { warningsOf } from "./training/warnings.ts";

/** Raised whenever equal configurations give other data or weights; part of every target id. */
export const targetNumericsVersion = 3;

/** Sizes of a target; inDim and outDim are 0 for closed forms. */
export interface TargetDims {
  /** Number of training points. */
  readonly n: number;
  /** Number of parameters. */
  readonly d: number;
  readonly inDim: number;
  readonly outDim: number;
}

/** Everything about a target that is stored. */
export interface BuiltTarget {
  readonly model: LossModel;
  readonly dataset: Dataset;
  /** Null without a test set, and for closed forms. */
  readonly testDataset: Dataset | null;
  /** w*, shape (d), float64. */
  readonly parameters: Float64Array;
  /** Null for closed forms. */
  readonly teacher: Teacher | null;
  /** L_n(w*) over all training data. */
  readonly initialLoss: number;
  /** Mean loss over the test set; null without one. */
  readonly testLoss: number | null;
  /** ‖∇L_n(w*)‖₂. */
  readonly gradientNorm: number;
  /** Eigenvalues of the Hessian of L_n at w*, estimated as `training/curvature.ts` says; NaN where not finite. */
  readonly smallestEigenvalue: number;
  readonly largestEigenvalue: number;
  /** Error bound of `smallestEigenvalue`. */
  readonly eigenvalueResidual: number;
  readonly dims: TargetDims;
  /** Resolved widths of the hidden layers; empty for closed forms. */
  readonly widths: readonly number[];
  readonly training: TrainingRecord;
  /** For `analysis/exact-llc.ts`; null where no exact learning coefficient is known. */
  readonly solvable: SolvableModel | null;
  /** Sentences a reader of the results must see. */
  readonly warnings: readonly string[];
}

/**
 * @throws SweepError `CONFIG_INVALID`, `NUMERICS` (training diverged; not a number at w*), `CANCELLED`.
 */
export const buildTarget = async (
  config: TargetConfig,
  backend: Backend,
  hooks: BuildHooks = {},
): Promise<BuiltTarget> => {
  checkTargetConfig(config);
  const model = lossModelOf(config);
  const material = materialOf(config, model);
  const objective = openObjective(backend, { model, dataset: material.dataset, seed: config.seed });
  try {
    const minimum = await findMinimum({ config, objective, hooks }, material.start);
    const testLoss = await testLossOf(backend, {
      model,
      parameters: minimum.w,
      dataset: material.testDataset,
    });
    return describe({ config, model, material, minimum, testLoss });
  } finally {
    objective.close();
  }
};

/** Data and the two ends of training. */
interface Material {
  readonly dataset: Dataset;
  readonly testDataset: Dataset | null;
  readonly teacher: Teacher | null;
  /** Where training starts, or w* itself where nothing is trained. */
  readonly start: Float64Array;
}

const materialOf = (config: TargetConfig, model: LossModel): Material => {
  if (isClosedForm(config.model)) {
    const dataset = { numData: config.data.nData, inputs: new Float64Array(0), labels: new Float64Array(0) };
    return { dataset, testDataset: null, teacher: null, start: new Float64Array(dimOf(model)) };
  }
  const { data, seed, loss } = config;
  const teacher = buildTeacher(config.model, config.teacher, seed);
  const draw = (name: "training" | "test", numData: number): Dataset =>
    drawDataset({ data, teacher, loss }, { name, numData, seed });
  return {
    dataset: draw("training", data.nData),
    testDataset: data.nTest > 0 ? draw("test", data.nTest) : null,
    teacher,
    start: startOf(config.model, config, teacher),
  };
};

const startOf = (
  model: MlpConfig | DeepLinearConfig,
  config: TargetConfig,
  teacher: Teacher,
): Float64Array => {
  const network = studentNetworkOf(model);
  if (config.training.at === "teacher") {
    refuseOtherNetwork(network, teacher.network);
    return teacher.parameters.slice();
  }
  const law = model.init ?? "xavier";
  const scale = model.initScale ?? 1;
  return initialWeights(network, {
    law,
    scale,
    biases: "zero",
    seed: config.seed,
    purpose: purpose.initialWeights,
  });
};

const refuseOtherNetwork = (student: NetworkSpec, teacher: NetworkSpec): void => {
  if (JSON.stringify(teacher) === JSON.stringify(student)) return;
  const describeNetwork = ({ widths, activation }: NetworkSpec): string =>
    `widths [${widths.join(", ")}], ${activation}`;
  throw new SweepError(
    "CONFIG_INVALID",
    `training.at is teacher, but the teacher's network (${describeNetwork(teacher)}) is not the student's (${describeNetwork(student)}); expected the same architecture. Use teacher: _null, or training.at: trained.`,
  );
};

const testLossOf = async (
  backend: Backend,
  { model, parameters, dataset }: { model: LossModel; parameters: Float64Array; dataset: Dataset | null },
): Promise<number | null> => {
  if (dataset === null) return null;
  const objective = openObjective(backend, { model, dataset, seed: 0 });
  try {
    return (await objective.full(parameters)).loss;
  } finally {
    objective.close();
  }
};

const describe = (parts: {
  config: TargetConfig;
  model: LossModel;
  material: Material;
  minimum: Minimum;
  testLoss: number | null;
}): BuiltTarget => {
  const { config, model, material, minimum, testLoss } = parts;
  const network = model.kind === "network" ? model.network : null;
  const { w, loss, gradientNorm, curvature, record } = minimum;
  return {
    model,
    dataset: material.dataset,
    testDataset: material.testDataset,
    parameters: w,
    teacher: material.teacher,
    initialLoss: loss,
    testLoss,
    gradientNorm,
    smallestEigenvalue: curvature.smallest,
    largestEigenvalue: curvature.largest,
    eigenvalueResidual: curvature.residual,
    dims: { n: config.data.nData, d: w.length, inDim: network?.inDim ?? 0, outDim: network?.outDim ?? 0 },
    widths: network?.widths ?? [],
    training: record,
    solvable: solvableModelOf(config),
    warnings: warningsOf(config, minimum),
  };
};
