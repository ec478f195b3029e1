/** Mistakes that only the whole of a target's configuration shows; all of them in one error. */
import { SweepError } from "../core/errors.ts";
import {
  type DataConfig,
  type DeepLinearConfig,
  isClosedForm,
  type ModelConfig,
  type TargetConfig,
} from "./target-config.ts";

/** @throws SweepError `CONFIG_INVALID` that lists every mistake: key, value, what was expected. */
export const checkTargetConfig = (config: TargetConfig): void => {
  const mistakes = isClosedForm(config.model)
    ? closedFormMistakes(config.model)
    : [...networkMistakes(config), ...dataMistakes(config.data)];
  if (!(config.data.nData >= 1))
    mistakes.push(`data.n_data: got ${config.data.nData}; expected an integer ≥ 1`);
  if (mistakes.length === 0) return;
  throw new SweepError("CONFIG_INVALID", `the target cannot be built. ${mistakes.join(". ")}.`);
};

const closedFormMistakes = (model: ModelConfig): string[] => {
  const mistakes: string[] = [];
  if (model.kind === "quadratic") {
    if (!(model.dim >= 1)) mistakes.push(`model.dim: got ${model.dim}; expected an integer ≥ 1`);
    const curvature = typeof model.curvature === "number" ? [model.curvature] : model.curvature;
    if (!curvature.every((h) => h >= 0))
      mistakes.push("model.curvature: got a negative number; expected ≥ 0");
  }
  if (model.kind === "monomial" || model.kind === "power_sum") {
    const isWhole = model.exponents.every((k) => k >= 0 && Number.isInteger(2 * k));
    const hasPower = model.exponents.some((k) => k > 0);
    if (!isWhole || !hasPower) {
      mistakes.push(
        `model.exponents: got [${model.exponents.join(", ")}]; expected integers or half-integers ≥ 0, one of them > 0`,
      );
    }
    if (!(model.coefficient > 0))
      mistakes.push(`model.coefficient: got ${model.coefficient}; expected a number > 0`);
  }
  return mistakes;
};

const networkMistakes = ({ model, loss }: TargetConfig): string[] => {
  const mistakes = model.kind === "deep_linear" ? deepLinearMistakes(model) : [];
  const outDim = outDimOf(model);
  if (loss.kind === "cross_entropy" && outDim < 2) {
    mistakes.push(`model.out_dim: got ${outDim} with loss cross_entropy; expected ≥ 2 classes (or loss bce)`);
  }
  if (loss.kind === "t_regression" && !(loss.df > 0 && loss.scale > 0)) {
    mistakes.push(
      `loss t_regression: got df ${loss.df} and scale ${loss.scale}; expected both > 0 (data.student_df, data.noise_scale)`,
    );
  }
  return mistakes;
};

const outDimOf = (model: ModelConfig): number => {
  if (model.kind === "mlp") return model.outDim;
  return model.kind === "deep_linear" ? (model.widths.at(-1) ?? 0) : 0;
};

const deepLinearMistakes = ({ widths, rank }: DeepLinearConfig): string[] => {
  const smallest = Math.min(...widths);
  if (widths.length < 2 || !(smallest >= 1)) {
    return [`model.widths: got [${widths.join(", ")}]; expected at least 2 integers ≥ 1`];
  }
  if (rank >= 0 && rank <= smallest) return [];
  return [`model.rank: got ${rank}; expected 0 … ${smallest}, the smallest width`];
};

const dataMistakes = (data: DataConfig): string[] => {
  const usesGamma = data.xDist === "heavy_tail" || data.noiseModel === "student_t";
  const mistakes: string[] = [];
  if (usesGamma && !(data.studentDf > 0))
    mistakes.push(`data.student_df: got ${data.studentDf}; expected a number > 0`);
  if (data.xDist === "mixture" && !(data.mixtureK >= 1)) {
    mistakes.push(`data.mixture_k: got ${data.mixtureK}; expected an integer ≥ 1`);
  }
  if (data.xDist === "lowdim_manifold" && !(data.xDimLatent >= 1)) {
    mistakes.push(`data.x_dim_latent: got ${data.xDimLatent}; expected an integer ≥ 1`);
  }
  return mistakes;
};
