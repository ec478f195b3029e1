/**
 * w* of a target: train, polish, measure. Where nothing is trained (closed forms, `training.at: teacher`) only measured.
 */
import { SweepError } from "../../core/errors.ts";
import { isClosedForm, type TargetConfig } from "../target-config.ts";
import type { CurvatureProbe } from "./curvature.ts";
import type { DescentSettings } from "./lbfgs.ts";
import { normOf, type TrainingObjective } from "./objective.ts";
import { type BuildHooks, openPace, type Pace } from "./pacing.ts";
import { type PolishedNetwork, polish } from "./polish.ts";
import { type TrainedNetwork, train } from "./train.ts";

/** How w* was found. Steps and reasons of phases that did not run: 0 and `not_run`. */
export interface TrainingRecord {
  readonly steps: number;
  readonly stopReason: "gradient_tol" | "early_stop" | "steps" | "not_run";
  readonly polishSteps: number;
  readonly polishStopReason: "gradient_tol" | "no_progress" | "steps" | "not_run";
  /** Saddle points that polishing left behind. */
  readonly numEscapes: number;
}

/** w* with L_n, ∇L_n, the curvature there, and the way to it. */
export interface Minimum extends Omit<PolishedNetwork, "steps" | "stopReason" | "numEscapes"> {
  readonly gradientNorm: number;
  readonly record: TrainingRecord;
}

/** What a search for w* needs. */
export interface Search {
  readonly config: TargetConfig;
  readonly objective: TrainingObjective;
  readonly hooks: BuildHooks;
}

/** Products of the Hessian with a vector, two gradients each. */
const MAX_LANCZOS_ITERATIONS = 60;
const DEFAULT_POLISH_STEPS = 1000;

/**
 * @param start initial weights, or w* itself where nothing is trained; shape (dim), not changed.
 * @throws SweepError `NUMERICS` (diverged, or not a number at w*), `CANCELLED`.
 */
export const findMinimum = async (search: Search, start: Float64Array): Promise<Minimum> => {
  const { config, objective, hooks } = search;
  const { training } = config;
  const isTrained = training.at === "trained" && !isClosedForm(config.model);
  const pace = openPace(hooks);
  const first = isTrained ? await train({ objective, training, pace }, start) : null;
  const maxSteps = isTrained ? (training.polishSteps ?? DEFAULT_POLISH_STEPS) : 0;
  const polished = await polish(objective.full, first ?? { w: start, ...(await objective.full(start)) }, {
    descent: descentOf(config, maxSteps, pace),
    probe: probeOf(config, pace),
  });
  const gradientNorm = normOf(polished.gradient);
  refuseNonFinite(polished.loss, gradientNorm);
  return { ...polished, gradientNorm, record: recordOf(first, maxSteps > 0 ? polished : null) };
};

const descentOf = ({ training }: TargetConfig, maxSteps: number, pace: Pace): DescentSettings => ({
  maxSteps,
  gradientTol: training.gradientTol ?? 0,
  pace: (step, loss) => pace({ phase: "polish", step, numSteps: maxSteps, loss }),
});

const probeOf = ({ model, seed }: TargetConfig, pace: Pace): Omit<CurvatureProbe, "w"> => {
  const isKinked = model.kind === "mlp" && model.activation === "relu";
  return {
    differenceStep: isKinked ? 1e-3 : 1e-5,
    maxIterations: MAX_LANCZOS_ITERATIONS,
    seed,
    pace: (step, loss) => pace({ phase: "curvature", step, numSteps: MAX_LANCZOS_ITERATIONS, loss }),
  };
};

const recordOf = (first: TrainedNetwork | null, polished: PolishedNetwork | null): TrainingRecord => ({
  steps: first?.steps ?? 0,
  stopReason: first?.stopReason ?? "not_run",
  polishSteps: polished?.steps ?? 0,
  polishStopReason: polished?.stopReason ?? "not_run",
  numEscapes: polished?.numEscapes ?? 0,
});

const refuseNonFinite = (loss: number, gradientNorm: number): void => {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return;
  throw new SweepError(
    "NUMERICS",
    `the loss at w* is ${loss} and its gradient's norm ${gradientNorm}; expected finite numbers. Check the scales in data and model.`,
  );
};
