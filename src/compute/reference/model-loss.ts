/** Model and data → the loss function that the reference backend evaluates. */
import type { Dataset, LossModel } from "../model.ts";
import { closedFormLoss } from "./closed-forms.ts";
import type { LossFunction } from "./loss-function.ts";
import { networkLoss } from "./network.ts";

/** The loss of a model over a data set. A non-finite w gives NaN for the loss and every partial derivative. */
export const lossFunctionOf = (model: LossModel, dataset: Dataset): LossFunction => {
  const evaluate = model.kind === "network" ? networkLoss(model, dataset) : closedFormLoss(model);
  return (w, rows, gradient) => {
    if (w.every(Number.isFinite)) return evaluate(w, rows, gradient);
    // Saturating activations would hide an infinite weight: relu(−∞) = 0, tanh(∞) = 1.
    gradient?.fill(NaN);
    return NaN;
  };
};
