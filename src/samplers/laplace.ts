/**
 * Laplace approximation: independent draws of N(w*, (nβH + γI)⁻¹), H the Hessian of the loss at w*.
 *
 * Warmup finds H (`curvature/curvature-estimate.ts`): all of it up to `max_dense_dim` parameters, else its leading
 * directions and one number for the rest, or its diagonal. Exact on quadratic losses; elsewhere every draw has its
 * importance weight, `log_weight` = log π − log q, whose Pareto k̂ tells how far the posterior is from this Gaussian. On
 * singular losses it is far: λ̂ then counts parameters, which is what the learning coefficient corrects.
 *
 * Source: Tierney & Kadane (1986); MacKay (1992).
 */
import type { Scalars, Vectors } from "../compute/backend.ts";
import { purpose } from "../random/purpose.ts";
import { booleanIn } from "./chains/snapshot-fields.ts";
import { numUnitsOf, type Stage, stageAt } from "./chains/stages.ts";
import { WorkCounter } from "./chains/work-counter.ts";
import { CurvatureEstimate } from "./curvature/curvature-estimate.ts";
import { type LaplaceLaw, laplaceLawOf } from "./curvature/laplace-law.ts";
import {
  checkLaplaceSettings,
  type HessianKind,
  hessianKindOf,
  type LaplaceSettings,
  type LaplaceStage,
  laplaceStages,
} from "./curvature/laplace-settings.ts";
import type {
  DrawRecord,
  Posterior,
  Sampler,
  SamplerRun,
  Snapshot,
  TunedSettings,
  WorkCount,
} from "./sampler.ts";
import { WeightTally } from "./variational/weight-tally.ts";

/** `lp`: log π up to a constant; `log_weight`: lp − log q; `diverging`: the loss was not finite. */
const statistics = ["lp", "log_weight", "diverging"] as const;

/** Digits of curvatures, as shares of the largest. */
const tolerances = { float64: 1e-6, float32: 1e-2 } as const;

class LaplaceRun implements SamplerRun {
  readonly numWarmupUnits: number;
  readonly numDraws: number;
  readonly #posterior: Posterior;
  readonly #kind: HessianKind;
  readonly #stages: readonly Stage<LaplaceStage>[];
  readonly #counter: WorkCounter;
  readonly #estimate: CurvatureEstimate;
  readonly #tally = new WeightTally();
  readonly #noise: Vectors;
  readonly #position: Vectors;
  readonly #loss: Scalars;
  /** Once warmup is over; not kept in snapshots, it follows from the curvature. */
  #law: LaplaceLaw | null = null;

  constructor(posterior: Posterior, settings: LaplaceSettings) {
    const { ensemble } = posterior;
    this.#posterior = posterior;
    this.#kind = hessianKindOf(settings, ensemble.dim);
    this.#stages = laplaceStages(settings, ensemble);
    this.#counter = new WorkCounter(ensemble);
    this.#estimate = new CurvatureEstimate(posterior, this.#counter, { kind: this.#kind, settings });
    this.#noise = ensemble.vectors();
    this.#position = ensemble.vectors();
    this.#loss = ensemble.scalars();
    this.numWarmupUnits = numUnitsOf(this.#stages);
    this.numDraws = settings.draws;
  }

  get work(): WorkCount {
    return this.#counter.work;
  }

  get tuned(): TunedSettings {
    const law = this.#law;
    if (law === null) return {};
    return {
      ...this.#tally.summary(),
      laplace_llc: law.llc,
      curvature_min: law.smallest,
      curvature_max: law.largest,
      negative_curvatures: law.numNegative,
    };
  }

  get warnings(): readonly string[] {
    const law = this.#law;
    if (law === null) return [];
    const warnings: string[] = [];
    const { dim } = this.#posterior.ensemble;
    if (law.numNegative > 0) {
      warnings.push(
        `laplace: ${law.numNegative} curvature(s) of the loss at w* are negative, down to ${format(law.smallest)} (the largest is ${format(law.largest)}): w* is no minimum there; they count as 0, so that gamma alone bounds those directions.`,
      );
    }
    if (this.#kind === "diagonal") {
      warnings.push(
        "laplace: only the diagonal of the Hessian is used: correlations of weights are left out.",
      );
    }
    const rank = this.#stages.some(({ name, count }) => name === "probes" && count > 0);
    if (this.#kind === "low_rank" && rank) {
      warnings.push(
        `laplace: only the leading curvatures of ${dim} are resolved; all others count as their mean, ${format(law.rest)}.`,
      );
    }
    return warnings;
  }

  async warmup(index: number): Promise<void> {
    await this.#estimate.unit(stageAt(this.#stages, index));
    if (index === this.numWarmupUnits - 1) this.#settle();
  }

  /** @throws NUMERICS if the curvature gives no Gaussian. */
  #settle(): LaplaceLaw {
    const { ensemble, nBeta, gamma } = this.#posterior;
    const tolerance = tolerances[ensemble.precision];
    this.#law = laplaceLawOf(this.#estimate.result(), { dim: ensemble.dim, nBeta, gamma, tolerance });
    return this.#law;
  }

  async draw(index: number): Promise<DrawRecord> {
    this.#counter.phase = "draws";
    const { gaussian } = this.#law ?? this.#settle();
    const { ensemble, center, nBeta, gamma, initialLoss } = this.#posterior;
    const { dim, numChains } = ensemble;
    ensemble.normal({ purpose: purpose.variationalEvaluation, step: index }, this.#noise);
    const noise = await ensemble.readVectors(this.#noise);
    const positions = new Float64Array(noise.length);
    const logDensity = new Float64Array(numChains);
    const squares = new Float64Array(numChains);
    const displacement = new Float64Array(dim);
    for (let chain = 0; chain < numChains; chain++) {
      const start = chain * dim;
      logDensity[chain] = gaussian.displace(noise.subarray(start, start + dim), displacement);
      for (let i = 0; i < dim; i++) {
        positions[start + i] = center[i] + displacement[i];
        squares[chain] += displacement[i] * displacement[i];
      }
    }
    ensemble.writeVectors(this.#position, positions);
    ensemble.loss(this.#position, this.#loss);
    this.#counter.addLosses(1);
    const loss = await ensemble.readScalars(this.#loss);
    const lp = loss.map((value, chain) => -nBeta * (value - initialLoss) - 0.5 * gamma * squares[chain]);
    const logWeight = lp.map((value, chain) => value - logDensity[chain]);
    logWeight.forEach((value, chain) => this.#tally.add(value, nBeta * (loss[chain] - initialLoss)));
    const diverging = loss.map((value) => (Number.isFinite(value) ? 0 : 1));
    return { loss, distance: squares.map(Math.sqrt), statistics: { lp, log_weight: logWeight, diverging } };
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...this.#counter.snapshot(),
      ...this.#estimate.snapshot(),
      ...this.#tally.snapshot(),
      isSettled: this.#law !== null,
    };
  }

  async restore(snapshot: Snapshot): Promise<void> {
    this.#counter.restore(snapshot);
    this.#estimate.restore(snapshot);
    this.#tally.restore(snapshot);
    this.#law = null;
    if (booleanIn(snapshot, "isSettled")) this.#settle();
  }
}

const format = (value: number): string => value.toPrecision(2);

/** The Laplace approximation. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const laplace: Sampler<LaplaceSettings> = {
  name: "laplace",
  numericsVersion: 1,
  statistics,
  isIndependent: true,
  start: async (posterior, settings) => {
    checkLaplaceSettings(settings, posterior.ensemble.dim);
    return new LaplaceRun(posterior, settings);
  },
};
