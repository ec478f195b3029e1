/**
 * Tuning of `mclmc` in three phases, driven by the stages of `mclmc-settings.ts`.
 *
 * - `explore` (1): ε by the energy rule, from ε0 = √d/(4√h) and L = √d/√h, with h the curvature of U seen at the start:
 *   a trained network's posterior is far narrower than 1, and ε0 = √d/4 would begin with non-finite steps.
 * - `spread` (2): the same, and variances V of the coordinates; L grows with the spread seen. At its end: with
 *   preconditioning √V is adopted and L = √d; otherwise L = √ΣV.
 * - `refine`: ε again, in the new coordinates. The ε that is kept after the last of these stages is the geometric mean
 *   over its second half: one ε of the rule follows the errors of its last hundred steps.
 * - `lengths` (3): at fixed ε, L = 0.4·ε·(mean over coordinates of the autocorrelation time in steps); not done if that
 *   rests on fewer than ten effective draws a chain.
 * A value that the user gave is never changed, except that exploration before preconditioning uses its own.
 *
 * Source: Robnik, De Luca, Silverstein & Seljak (2023), as BlackJAX orders it.
 */
import { autocorrelationTime } from "../adaptation/autocorrelation-time.ts";
import {
  type EnergyRule,
  type EnergyTuning,
  energyTuningEntries,
  energyTuningIn,
  startEnergyTuning,
  updateEnergyTuning,
} from "../adaptation/mclmc-tuner.ts";
import {
  addPositions,
  createSpread,
  numIndependentOf,
  preconditionerOf,
  restoreSpread,
  type SpreadEstimate,
  sizeOf,
  spreadEntries,
} from "../adaptation/spread-estimate.ts";
import { arrayIn, numberIn, sentencesEntry, sentencesIn } from "../chains/snapshot-fields.ts";
import type { StagePosition } from "../chains/stages.ts";
import type { Snapshot } from "../sampler.ts";
import type { Dynamics, MclmcChains } from "./mclmc-chains.ts";
import { lengthsThinning, type MclmcSettings, type MclmcStage, mclmcStages } from "./mclmc-settings.ts";

/** Most coordinates whose autocorrelation phase 3 looks at; more are sampled evenly. */
const maxLengthCoordinates = 64;
/** Effective draws a chain below which an autocorrelation time is noise. */
const minEffectiveDraws = 10;
/** Independent positions below which the preconditioner is called uncertain. */
const minIndependentPositions = 10;

interface Shape {
  readonly dim: number;
  readonly numChains: number;
}

/** ε, L and what tuning has learnt so far. */
export class MclmcTuning {
  /** Settings of the next step. */
  dynamics: Dynamics;
  /** Steps whose state was not finite. */
  numBadSteps = 0;
  readonly warnings: string[] = [];
  readonly #settings: MclmcSettings;
  readonly #shape: Shape;
  readonly #rule: EnergyRule;
  readonly #spread: SpreadEstimate;
  /** Phase 3: value of coordinate k of chain c at record t, at [(k * numChains + c) * numRecords + t]. */
  readonly #records: Float64Array;
  readonly #coordinates: readonly number[];
  readonly #numRecords: number;
  #energy: EnergyTuning;
  /** log ε of the second half of the present stage: Σ and how many. */
  #tail = { sumOfLogs: 0, count: 0 };

  constructor(settings: MclmcSettings, shape: Shape, curvature: number) {
    this.#settings = settings;
    this.#shape = shape;
    this.#rule = { ...settings, dim: shape.dim };
    this.#spread = createSpread(shape.dim);
    this.#numRecords = mclmcStages(settings).find(({ name }) => name === "lengths")?.count ?? 0;
    const numCoordinates = Math.min(shape.dim, maxLengthCoordinates);
    this.#coordinates = Array.from({ length: numCoordinates }, (_, k) =>
      Math.floor((k * shape.dim) / numCoordinates),
    );
    this.#records = new Float64Array(numCoordinates * shape.numChains * this.#numRecords);
    const size = Math.sqrt(shape.dim / (curvature > 0 ? curvature : 1));
    const isFinal = !settings.diagonalPreconditioning;
    const stepSize = (isFinal ? settings.stepSize : null) ?? size / 4;
    this.#energy = startEnergyTuning(stepSize);
    this.dynamics = { stepSize, decoherenceLength: (isFinal ? settings.L : null) ?? size };
  }

  /** Does one unit of a tuning stage. */
  async advance(chains: MclmcChains, stage: StagePosition<Exclude<MclmcStage, "settle">>): Promise<void> {
    if (stage.name === "lengths") await this.#record(chains, stage);
    else await this.#adaptStep(chains, stage);
  }

  async #adaptStep(chains: MclmcChains, stage: StagePosition<MclmcStage>): Promise<void> {
    const { stepSize } = this.dynamics;
    const info = await chains.advance(1, this.dynamics);
    this.numBadSteps += info.isBad.reduce((sum, isBad) => sum + isBad, 0);
    this.#energy = updateEnergyTuning(this.#energy, info, this.#rule);
    if (!this.#hasFixedStepSize(stage.name)) this.#followRule(stage);
    if (stage.name !== "spread") return;
    addPositions(this.#spread, await chains.readDisplacements(), stepSize);
    this.#growLength();
    if (stage.isLast) await this.#adoptSpread(chains);
  }

  #followRule({ offset, count, isLast }: StagePosition<MclmcStage>): void {
    if (offset === 0) this.#tail = { sumOfLogs: 0, count: 0 };
    if (2 * offset >= count - 1) {
      this.#tail.sumOfLogs += Math.log(this.#energy.stepSize);
      this.#tail.count++;
    }
    const stepSize = isLast ? Math.exp(this.#tail.sumOfLogs / this.#tail.count) : this.#energy.stepSize;
    this.dynamics = { ...this.dynamics, stepSize: Math.min(stepSize, this.#energy.maxStepSize) };
  }

  #hasFixedStepSize(name: MclmcStage): boolean {
    return this.#settings.stepSize !== null && (name === "refine" || !this.#settings.diagonalPreconditioning);
  }

  /** Too short an L makes flat directions a random walk, and hides how wide they are. */
  #growLength(): void {
    const { L, diagonalPreconditioning } = this.#settings;
    const size = sizeOf(this.#spread);
    if ((L !== null && !diagonalPreconditioning) || !(size > this.dynamics.decoherenceLength)) return;
    this.dynamics = { ...this.dynamics, decoherenceLength: size };
  }

  async #adoptSpread(chains: MclmcChains): Promise<void> {
    const { L, stepSize, diagonalPreconditioning } = this.#settings;
    const { dim } = this.#shape;
    if (!diagonalPreconditioning) {
      this.dynamics = { ...this.dynamics, decoherenceLength: L ?? sizeOf(this.#spread) };
      return;
    }
    const scale = preconditionerOf(this.#spread);
    const numIndependent = numIndependentOf(this.#spread);
    if (scale === null || !(numIndependent >= minIndependentPositions)) {
      this.warnings.push(
        `mclmc: the preconditioner rests on about ${Math.max(0, Math.floor(numIndependent || 0))} independent positions, fewer than ${minIndependentPositions}; raise num_steps or frac_tune2.`,
      );
    }
    if (scale !== null) chains.setScale(scale);
    // No coordinate moves further than before: a first step that is too long would throw the chains out.
    const widest = chains.scale.reduce((high, value) => Math.max(high, value), 0);
    const start = stepSize ?? this.dynamics.stepSize / widest;
    this.#energy = startEnergyTuning(start);
    this.dynamics = { stepSize: start, decoherenceLength: L ?? Math.sqrt(dim) };
  }

  async #record(chains: MclmcChains, { offset, isLast }: StagePosition<MclmcStage>): Promise<void> {
    const { numChains, dim } = this.#shape;
    const info = await chains.advance(lengthsThinning(this.#settings), this.dynamics);
    this.numBadSteps += info.isBad.reduce((sum, isBad) => sum + isBad, 0);
    const positions = await chains.readDisplacements();
    this.#coordinates.forEach((coordinate, k) => {
      for (let chain = 0; chain < numChains; chain++) {
        const value = positions[chain * dim + coordinate];
        this.#records[(k * numChains + chain) * this.#numRecords + offset] = value;
      }
    });
    if (isLast) this.#adoptLength();
  }

  #adoptLength(): void {
    const time = this.#meanAutocorrelationTime();
    if (!(this.#numRecords >= minEffectiveDraws * time)) {
      this.warnings.push(
        `mclmc: L was not refined in phase 3, which saw fewer than ${minEffectiveDraws} effective draws a chain; raise num_steps or frac_tune3.`,
      );
      return;
    }
    const { stepSize } = this.dynamics;
    this.dynamics = { stepSize, decoherenceLength: 0.4 * stepSize * lengthsThinning(this.#settings) * time };
  }

  /** Mean over the recorded coordinates, in records; NaN if too few records. */
  #meanAutocorrelationTime(): number {
    if (this.#numRecords < 4) return Number.NaN;
    const { numChains } = this.#shape;
    const times = this.#coordinates.map((_, k) => {
      const chains = Array.from({ length: numChains }, (__, chain) => {
        const start = (k * numChains + chain) * this.#numRecords;
        return this.#records.subarray(start, start + this.#numRecords);
      });
      return autocorrelationTime(chains);
    });
    return times.reduce((sum, time) => sum + time, 0) / times.length;
  }

  snapshot(): Snapshot {
    return {
      ...energyTuningEntries(this.#energy),
      ...spreadEntries(this.#spread),
      tuningStepSize: this.dynamics.stepSize,
      tuningDecoherenceLength: this.dynamics.decoherenceLength,
      tuningTailSum: this.#tail.sumOfLogs,
      tuningTailCount: this.#tail.count,
      tuningBadSteps: this.numBadSteps,
      tuningRecords: this.#records.slice(),
      tuningWarnings: sentencesEntry(this.warnings),
    };
  }

  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void {
    this.#energy = energyTuningIn(snapshot);
    restoreSpread(this.#spread, snapshot);
    this.dynamics = {
      stepSize: numberIn(snapshot, "tuningStepSize"),
      decoherenceLength: numberIn(snapshot, "tuningDecoherenceLength"),
    };
    this.#tail = {
      sumOfLogs: numberIn(snapshot, "tuningTailSum"),
      count: numberIn(snapshot, "tuningTailCount"),
    };
    this.numBadSteps = numberIn(snapshot, "tuningBadSteps");
    this.#records.set(arrayIn(snapshot, "tuningRecords", this.#records.length));
    this.warnings.splice(0, this.warnings.length, ...sentencesIn(snapshot, "tuningWarnings"));
  }
}
