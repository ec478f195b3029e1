/** The function L_n of a target's configuration, as backends evaluate it; and its closed form's exact-value twin. */

import type { LossModel } from "../compute/model.ts";
import { SweepError } from "../core/errors.ts";
import { studentNetworkOf } from "./network/student.ts";
import { isClosedForm, type QuadraticConfig, type TargetConfig } from "./target-config.ts";

/**
 * Recreates the loss of a target; with `data.npz` it is all that sampling needs.
 * @throws SweepError `CONFIG_INVALID` if lists have the wrong length or widths cannot be resolved.
 */
export const lossModelOf = ({ model, loss }: Pick<TargetConfig, "model" | "loss">): LossModel => {
  if (!isClosedForm(model)) return { kind: "network", network: studentNetworkOf(model), loss };
  if (model.kind === "quadratic") return { kind: "quadratic", curvature: curvatureOf(model) };
  const { kind, coefficient, exponents } = model;
  return { kind, coefficient, exponents };
};

const curvatureOf = ({ dim, curvature }: QuadraticConfig): readonly number[] => {
  if (typeof curvature === "number") return Array<number>(dim).fill(curvature);
  if (curvature.length === dim) return curvature;
  throw new SweepError(
    "CONFIG_INVALID",
    `model.curvature has ${curvature.length} entries, dim is ${dim}; expected one entry a direction. Set dim: ${curvature.length} or give one number.`,
  );
};

/** A loss near w* whose learning coefficient is known: plain numbers, read by `analysis/exact-llc.ts`. */
export type SolvableModel =
  | { readonly kind: "quadratic"; readonly curvature: readonly number[] }
  | {
      readonly kind: "monomial" | "power_sum";
      readonly coefficient: number;
      readonly exponents: readonly number[];
    }
  | { readonly kind: "deep_linear"; readonly widths: readonly number[]; readonly rank: number };

/**
 * The solvable model of a target, or null where no exact value is known: MLPs; trained deep linear networks (their
 * point of the fibre is generic, the formula is for the most singular one); deep linear networks with fewer points than
 * inputs (the second moment of x is singular) or a loss that is not a squared error near its minimum.
 */
export const solvableModelOf = (config: TargetConfig): SolvableModel | null => {
  const { model, training, loss, data } = config;
  if (model.kind === "mlp") return null;
  if (model.kind !== "deep_linear") {
    const closed = lossModelOf(config);
    return closed.kind === "network" ? null : closed;
  }
  const isRegression = loss.kind === "mse" || loss.kind === "t_regression";
  const isExact = training.at === "teacher" && isRegression && data.nData >= model.widths[0];
  return isExact ? { kind: "deep_linear", widths: model.widths, rank: model.rank } : null;
};
