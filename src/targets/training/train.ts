/**
 * First-order training: minimises L_n from given weights until a stop rule or the step limit.
 *
 * Stop rules look at losses and gradients over all data: every step with full batches, once every ⌈n/batch⌉ steps (about
 * an epoch) with minibatches. `gradient_tol`: the Euclidean norm of ∇L_n is below the tolerance. `early_stop`: after
 * step 100, the population standard deviation of the last 20 such losses is below the tolerance.
 */
import { SweepError } from "../../core/errors.ts";
import type { TrainingConfig } from "../target-config.ts";
import type { Iterate } from "./line-search.ts";
import { type Evaluation, normOf, type TrainingObjective } from "./objective.ts";
import { openOptimizer } from "./optimizer.ts";
import type { Pace } from "./pacing.ts";

const earlyStopAfter = 100;
const earlyStopWindow = 20;

/** Where first-order training ended: w with L_n and ∇L_n over all data. */
export interface TrainedNetwork extends Iterate {
  readonly steps: number;
  readonly stopReason: "gradient_tol" | "early_stop" | "steps";
}

/** What is trained, and how. */
export interface TrainingRun {
  readonly objective: TrainingObjective;
  readonly training: TrainingConfig;
  readonly pace: Pace;
}

/** @throws SweepError `NUMERICS` if the loss or the gradient stops being finite; `CANCELLED` on the signal. */
export const train = async (run: TrainingRun, start: Float64Array): Promise<TrainedNetwork> => {
  const { objective, training, pace } = run;
  const w = start.slice();
  const update = openOptimizer(training, objective.dim);
  const stopRule = openStopRule(training);
  const batchSize = training.batchSize ?? 0;
  const period = batchSize > 0 ? Math.ceil(objective.numData / batchSize) : 1;
  for (let step = 0; step < training.steps; step++) {
    const full = step % period === 0 ? await objective.full(w) : null;
    if (full !== null) {
      refuseNonFinite(full, { step, training });
      const stopReason = stopRule(step, full);
      if (stopReason !== null) return { w, ...full, steps: step, stopReason };
    }
    const used = full !== null && batchSize === 0 ? full : await objective.minibatch(w, { batchSize, step });
    refuseNonFinite(used, { step, training });
    update(w, used.gradient);
    await pace({ phase: "train", step: step + 1, numSteps: training.steps, loss: used.loss });
  }
  const last = await objective.full(w);
  refuseNonFinite(last, { step: training.steps, training });
  const isFlat = normOf(last.gradient) < (training.gradientTol ?? 0);
  return { w, ...last, steps: training.steps, stopReason: isFlat ? "gradient_tol" : "steps" };
};

const openStopRule = ({
  gradientTol,
  earlyStopTol,
}: TrainingConfig): ((step: number, full: Evaluation) => "gradient_tol" | "early_stop" | null) => {
  const recent: number[] = [];
  return (step, { loss, gradient }) => {
    if (normOf(gradient) < (gradientTol ?? 0)) return "gradient_tol";
    recent.push(loss);
    if (recent.length > earlyStopWindow) recent.shift();
    const isDue = earlyStopTol !== null && step > earlyStopAfter && recent.length === earlyStopWindow;
    return isDue && spreadOf(recent) < earlyStopTol ? "early_stop" : null;
  };
};

/** Population standard deviation. */
const spreadOf = (values: readonly number[]): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length);
};

const refuseNonFinite = (
  { loss, gradient }: Evaluation,
  { step, training }: { readonly step: number; readonly training: TrainingConfig },
): void => {
  if (Number.isFinite(loss) && Number.isFinite(normOf(gradient))) return;
  const { optimizer, learningRate } = training;
  const advice =
    step === 0
      ? "The initial weights or the data are too large for the network: lower model.init_scale or the scales in data."
      : `Lower training.learning_rate (now ${learningRate}, optimizer ${optimizer}).`;
  throw new SweepError(
    "NUMERICS",
    `training diverged: at step ${step} the loss is ${loss} and the gradient's norm ${normOf(gradient)}; expected finite numbers. ${advice}`,
    { details: { step, loss: String(loss), optimizer, learning_rate: learningRate } },
  );
};
