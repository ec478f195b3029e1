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
  /** L_n(w*) − min L_n as far as polishing could see (0: it arrived); null if it did not run. */
  readonly shortfall: number | null;
}

/** w* with L_n, the size of ∇L_n and the curvature there, and the way to it. */
export interface Minimum extends Pick<PolishedNetwork, "w" | "loss" | "curvature"> {
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
const maxLanczosIterations = 40;
const defaultPolishSteps = 1000;
const defaultPolishTol = 0.01;

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
  const maxSteps = isTrained ? (training.polishSteps ?? defaultPolishSteps) : 0;
  const polished = await polish(objective.full, first ?? { w: start, ...(await objective.full(start)) }, {
    descent: descentOf(config, maxSteps, pace),
    probe: probeOf(config, pace),
  });
  const gradientNorm = normOf(polished.gradient);
  refuseNonFinite(polished.loss, gradientNorm);
  const { w, loss, curvature } = polished;
  return { w, loss, curvature, gradientNorm, record: recordOf(first, maxSteps > 0 ? polished : null) };
};

const descentOf = ({ training, data }: TargetConfig, maxSteps: number, pace: Pace): DescentSettings => ({
  maxSteps,
  gradientTol: training.gradientTol ?? 0,
  lossTol: (training.polishTol ?? defaultPolishTol) / defaultNBeta(data.nData),
  pace: (step, loss) => pace({ phase: "polish", step, numSteps: maxSteps, loss }),
});

/** n/log n, the nβ of the default temperature: turns a difference of losses into nats of the posterior. */
export const defaultNBeta = (numData: number): number => numData / Math.log(Math.max(3, numData));

const probeOf = ({ model, seed }: TargetConfig, pace: Pace): Omit<CurvatureProbe, "w"> => {
  const isKinked = model.kind === "mlp" && model.activation === "relu";
  return {
    differenceStep: isKinked ? 1e-3 : 1e-5,
    maxIterations: maxLanczosIterations,
    seed,
    pace: (step, loss) => pace({ phase: "curvature", step, numSteps: maxLanczosIterations, loss }),
  };
};

const recordOf = (first: TrainedNetwork | null, polished: PolishedNetwork | null): TrainingRecord => ({
  ...(first === null
    ? { steps: 0, stopReason: "not_run" }
    : { steps: first.steps, stopReason: first.stopReason }),
  ...(polished === null
    ? { polishSteps: 0, polishStopReason: "not_run", numEscapes: 0, shortfall: null }
    : {
        polishSteps: polished.steps,
        polishStopReason: polished.stopReason,
        numEscapes: polished.numEscapes,
        shortfall: polished.shortfall,
      }),
});

const refuseNonFinite = (loss: number, gradientNorm: number): void => {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return;
  throw new SweepError(
    "NUMERICS",
    `the loss at w* is ${loss} and its gradient's norm ${gradientNorm}; expected finite numbers. Check the scales in data and model.`,
  );
};
