/**
 * A loss with its gradient as a function of plain arrays, over an ensemble of one chain in float64.
 *
 * Optimisers and the curvature estimate need no more than this, so their tests need no backend.
 */
import type { Backend } from "../../compute/backend.ts";
import { type Dataset, dimOf, type LossModel } from "../../compute/model.ts";

/** L and ∇L at a point. The caller owns `gradient`, shape (dim). */
export interface Evaluation {
  readonly loss: number;
  readonly gradient: Float64Array;
}

/** A function to be minimised. `w` is not kept or changed. */
export type Objective = (w: Float64Array) => Promise<Evaluation>;

/** The mean loss of a model over a data set, on a backend. */
export interface TrainingObjective {
  readonly dim: number;
  readonly numData: number;
  /** L_n and ∇L_n over all data. */
  readonly full: Objective;
  /** The same over `batchSize` rows drawn with replacement at `step`. */
  minibatch(
    w: Float64Array,
    batch: { readonly batchSize: number; readonly step: number },
  ): Promise<Evaluation>;
  close(): void;
}

/** What to evaluate. */
export interface ObjectiveSource {
  readonly model: LossModel;
  readonly dataset: Dataset;
  readonly seed: number;
}

/** Opens an ensemble; `close` frees it. */
export const openObjective = (backend: Backend, source: ObjectiveSource): TrainingObjective => {
  const ensemble = backend.open({ ...source, precision: "float64", numChains: 1 });
  const position = ensemble.vectors();
  const out = { loss: ensemble.scalars(), gradient: ensemble.vectors() };
  const read = async (): Promise<Evaluation> => {
    const [loss] = await ensemble.readScalars(out.loss);
    return { loss, gradient: await ensemble.readVectors(out.gradient) };
  };
  return {
    dim: dimOf(source.model),
    numData: source.dataset.numData,
    full: (w) => {
      ensemble.writeVectors(position, w);
      ensemble.lossAndGradient(position, out.loss, out.gradient);
      return read();
    },
    minibatch: (w, batch) => {
      ensemble.writeVectors(position, w);
      ensemble.minibatchLossAndGradient(position, batch, out);
      return read();
    },
    close: () => ensemble.close(),
  };
};

/** ‖a‖₂; NaN or ∞ if an entry is. */
export const normOf = (a: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * a[i];
  return Math.sqrt(sum);
};
