/**
 * Ladders of inverse temperatures: which β the rungs begin with, and where swaps say they should be.
 *
 * Rung 0 is the target, β = 1; β falls from rung to rung; the last is the hottest. A `reference` rung has β = 0: there
 * the posterior is its Gaussian N(w*, I/γ), which can be drawn from exactly.
 * Source of the adaptive ladder: Syed, Bouchard-Côté, Deligiannidis & Doucet (2021), algorithm 4; Pigeons.jl.
 */
import { requireInteger, requireSetting } from "../chains/require-setting.ts";
import { monotoneCubic } from "./monotone-cubic.ts";

/** What a user says about the ladder. */
export interface LadderSettings {
  /** Rungs in all, the reference included; null: the length of the list, or `defaultRungs`. */
  readonly rungs: number | null;
  /**
   * `geometric`: T_k = T_max^{k/(K−1)}; `linear`: T evenly spaced; `linear_beta`: β evenly spaced; `custom`: as
   * `temperatures` or `betas` say.
   */
  readonly ladder: "geometric" | "linear" | "linear_beta" | "custom";
  /** Hottest T without the reference; null: `defaultMaxTemperature`. Not for `custom`. */
  readonly maxTemperature: number | null;
  /** Ascending from 1; for `custom`. */
  readonly temperatures: readonly number[] | null;
  /** Descending from 1, all > 0; for `custom`. */
  readonly betas: readonly number[] | null;
  /** Adds β = 0 as the last rung. */
  readonly reference: boolean;
}

export const defaultRungs = 8;
export const defaultMaxTemperature = 10;

/** Number of rungs, K. */
export const numRungsOf = ({ rungs, betas, temperatures, reference }: LadderSettings): number => {
  const listed = betas ?? temperatures;
  return rungs ?? (listed === null ? defaultRungs : listed.length + (reference ? 1 : 0));
};

const customBetas = ({ betas, temperatures }: LadderSettings): number[] => [
  ...(betas ?? temperatures?.map((temperature) => 1 / temperature) ?? []),
];

/** β of each rung before any adaptation, shape (K). @throws CONFIG_INVALID through `checkLadder` only. */
export const initialBetas = (settings: LadderSettings): Float64Array => {
  const numTempered = numRungsOf(settings) - (settings.reference ? 1 : 0);
  const maxTemperature = settings.maxTemperature ?? defaultMaxTemperature;
  const betaAt = {
    geometric: (fraction: number) => maxTemperature ** -fraction,
    linear: (fraction: number) => 1 / (1 + (maxTemperature - 1) * fraction),
    linear_beta: (fraction: number) => 1 - (1 - 1 / maxTemperature) * fraction,
  };
  const { ladder } = settings;
  const tempered =
    ladder === "custom"
      ? customBetas(settings)
      : Array.from({ length: numTempered }, (_, k) =>
          betaAt[ladder](numTempered > 1 ? k / (numTempered - 1) : 0),
        );
  return Float64Array.from(settings.reference ? [...tempered, 0] : tempered);
};

/** @throws CONFIG_INVALID with the user's spelling of what is wrong. */
export const checkLadder = (settings: LadderSettings): void => {
  const { ladder, rungs, maxTemperature, temperatures, betas } = settings;
  requireSetting(["geometric", "linear", "linear_beta", "custom"].includes(ladder), {
    name: "pt.ladder",
    value: ladder,
    expected: "geometric, linear, linear_beta or custom",
  });
  const lists = [temperatures, betas].filter((list) => list !== null);
  requireSetting(lists.length === (ladder === "custom" ? 1 : 0), {
    name: "pt.ladder",
    value: ladder,
    expected: `custom with exactly one of temperatures and betas, or another ladder with neither (${lists.length} given)`,
  });
  if (ladder === "custom") checkCustom(settings);
  if (rungs !== null) requireInteger("pt.rungs", rungs, 2);
  requireInteger("pt.rungs", numRungsOf(settings), 2);
  const isHot = maxTemperature === null || (Number.isFinite(maxTemperature) && maxTemperature > 1);
  requireSetting(isHot && (maxTemperature === null || ladder !== "custom"), {
    name: "pt.max_temperature",
    value: maxTemperature,
    expected: "a number above 1, or null where the ladder is custom",
  });
};

const checkCustom = (settings: LadderSettings): void => {
  const { betas, rungs, reference } = settings;
  const values = customBetas(settings);
  const name = betas === null ? "pt.temperatures" : "pt.betas";
  const falls = values.every((beta, k) => beta > 0 && (k === 0 || beta < values[k - 1]));
  requireSetting(values.length > 0 && values[0] === 1 && falls, {
    name,
    value: betas ?? settings.temperatures,
    expected: betas === null ? "temperatures that rise from 1" : "numbers above 0 that fall from 1",
  });
  requireSetting(rungs === null || rungs === values.length + (reference ? 1 : 0), {
    name: "pt.rungs",
    value: rungs,
    expected: `null or ${values.length + (reference ? 1 : 0)}, the length of ${name}${reference ? " and the reference" : ""}`,
  });
};

/** Added to every rejection rate where swaps were never refused, so that no two rungs are at the same barrier. */
const leastRejection = 1e-6;

/**
 * Moves the inner rungs so that every pair of neighbours is refused equally often: β as a monotone cubic of the
 * cumulative barrier Λ, read at equally spaced Λ. Both ends stay.
 *
 * @param betas strictly monotone, shape (K).
 * @param rejections mean probability that a swap is refused, shape (K − 1), each in [0, 1].
 */
export const equalisedLadder = (betas: Float64Array, rejections: Float64Array): Float64Array => {
  const last = betas.length - 1;
  const extra = rejections.some((rejection) => rejection === 0) ? leastRejection : 0;
  const barrier = cumulativeBarrier(rejections.map((rejection) => rejection + extra));
  const betaAt = monotoneCubic({ x: barrier, y: betas });
  return betas.map((beta, k) => (k === 0 || k === last ? beta : betaAt((barrier[last] * k) / last)));
};

/** Λ from rung 0 to each rung: running sums of rejection rates, shape (K). */
export const cumulativeBarrier = (rejections: Float64Array): Float64Array => {
  const barrier = new Float64Array(rejections.length + 1);
  rejections.forEach((rejection, pair) => {
    barrier[pair + 1] = barrier[pair] + rejection;
  });
  return barrier;
};

/** Round trips a scan, all walkers of a replica together, that these rejection rates allow if exploration is perfect. */
export const idealRoundTripRate = (rejections: Float64Array): number =>
  1 / (2 + 2 * rejections.reduce((sum, r) => sum + r / (1 - r), 0));
