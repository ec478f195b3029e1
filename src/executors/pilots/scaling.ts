/**
 * How many blocks there should be, and which to start, drain or cancel. Pure: state → actions.
 *
 * Demand is the number of tasks that could run or do run now; tasks that wait for a build are none, so that no GPU idles
 * while targets are built. Blocks wanted = demand × parallelism / slots of a block, within min and max. A block counts
 * against `max` from the moment it is submitted until it is known to be over.
 */
import type { BlockLimits } from "../../cards/card.ts";
import type { Block, CancelCause } from "./block.ts";

/** Tasks that wait for workers of this card. */
export interface Demand {
  /** Ready or running. */
  readonly tasks: number;
  /** Slots of workers that are not of this fleet. */
  readonly otherSlots: number;
}

/** All that the decision depends on. */
export interface ScalingState {
  readonly now: number;
  /** Blocks that are not known to be over. */
  readonly blocks: readonly Block[];
  /** Tasks of this card's kinds that are ready or running. */
  readonly demand: number;
  /** Slots of other workers that take the same tasks (started by hand, or by another card). */
  readonly otherSlots: number;
  readonly limits: BlockLimits;
  readonly slotsPerBlock: number;
  /** Nothing was submitted yet. */
  readonly isFirst: boolean;
  /** False: blocks exist of which neither worker nor scheduler has anything to say now. */
  readonly isStatusKnown: boolean;
  /** False: braked by refusals, or too soon after the last submission. */
  readonly maySubmit: boolean;
  /** Since when there have been more blocks than wanted; null: there are not. */
  readonly surplusSince: number | null;
}

export type ScalingAction =
  | { readonly kind: "submit"; readonly count: number }
  /** Asks its workers to give back and to end. */
  | { readonly kind: "drain"; readonly block: string }
  | { readonly kind: "cancel"; readonly block: string; readonly cause: CancelCause; readonly why: string };

type CancelAction = Extract<ScalingAction, { readonly kind: "cancel" }>;

/** A block whose workers fell silent, or that never started any, is given up after this. */
export const silentMs = 300_000;
export const startMs = 600_000;

/** What to do now. */
export const decideScaling = (state: ScalingState): readonly ScalingAction[] => {
  const lost = state.blocks.flatMap((block) => cancelLost(block, state.now));
  const given = new Set(lost.map(({ block }) => block));
  const useful = state.blocks.filter((block) => isOfUse(block) && !given.has(block.name));
  const missing = blocksMissing(state, useful.length);
  if (missing > 0) return [...lost, { kind: "submit", count: missing }];
  return [...lost, ...endSpare(state, useful)];
};

/** Blocks that the demand asks for, within min and max. */
export const blocksWanted = (state: Omit<ScalingState, "now" | "surplusSince">): number => {
  const { demand, otherSlots, limits, slotsPerBlock, isFirst } = state;
  const slots = Math.ceil(demand * limits.parallelism) - otherSlots;
  const byDemand = Math.ceil(Math.max(0, slots) / slotsPerBlock);
  // However small the parallelism: where tasks wait and nobody else works, somebody must.
  const atLeast = demand > 0 && otherSlots === 0 ? 1 : 0;
  const least = Math.max(limits.min, atLeast, isFirst ? limits.init : 0);
  return Math.min(limits.max, Math.max(byDemand, least));
};

/** True for blocks that will still take work. */
export const isOfUse = (block: Block): boolean => !block.isLeaving && block.cancelledAt === null;

const blocksMissing = (state: ScalingState, numUseful: number): number => {
  const { blocks, limits } = state;
  if (!state.maySubmit || !state.isStatusKnown) return 0;
  const pending = blocks.filter(({ phase }) => phase === "pending" || phase === "in_doubt").length;
  return Math.max(
    0,
    Math.min(blocksWanted(state) - numUseful, limits.max - blocks.length, limits.backlog - pending),
  );
};

const cancelLost = (block: Block, now: number): readonly CancelAction[] => {
  if (block.cancelledAt !== null) return [];
  const cancel = (why: string): readonly CancelAction[] => [
    { kind: "cancel", block: block.name, cause: "lost", why },
  ];
  const { heardAt, runningSince, numGone, hasWorked } = block;
  if (numGone > 0 && !hasWorked) return cancel("the scheduler does not know it any more");
  if (block.phase !== "running") return [];
  if (heardAt !== null && now - heardAt > silentMs)
    return cancel(`its workers have been silent for ${Math.round((now - heardAt) / 60_000)} minutes`);
  if (!hasWorked && runningSince !== null && now - runningSince > startMs)
    return cancel(
      `it has run for ${Math.round((now - runningSince) / 60_000)} minutes without a word of a worker`,
    );
  return [];
};

/** Of the blocks that nobody wants: those that wait (the newest first), then those that have been idle for too long. */
const endSpare = (state: ScalingState, useful: readonly Block[]): readonly ScalingAction[] => {
  const { limits, now, surplusSince } = state;
  const maxIdleMs = limits.maxIdleSec * 1000;
  const spare = Math.max(0, useful.length - blocksWanted(state));
  const isSurplusLasting = surplusSince !== null && now - surplusSince >= maxIdleMs;
  const waiting = isSurplusLasting
    ? useful.filter(({ phase }) => phase === "pending").toSorted((a, b) => b.submittedAt - a.submittedAt)
    : [];
  const idle = useful.filter(
    ({ phase, idleSince }) => phase === "running" && idleSince !== null && now - idleSince >= maxIdleMs,
  );
  const why = "there is no work for it any more";
  return [
    ...waiting.map(({ name }): ScalingAction => ({ kind: "cancel", block: name, cause: "unwanted", why })),
    ...idle.map(({ name }): ScalingAction => ({ kind: "drain", block: name })),
  ].slice(0, spare);
};
