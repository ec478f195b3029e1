/** The blocks of a sweep as its events tell: the last word about each. */
import type { SweepEvent } from "../../queue/sweep-event.ts";
import { formatDuration } from "../output/sweep-progress.ts";

/** The last event of one block. */
export type BlockState = Extract<SweepEvent, { readonly kind: "block" }>;

/** One entry a block, in the order in which they were first heard of. */
export const blockStatesOf = (events: readonly SweepEvent[]): readonly BlockState[] => {
  const last = new Map<string, BlockState>();
  for (const event of events) if (event.kind === "block") last.set(event.block, event);
  return [...last.values()];
};

/** True for blocks that may still hold an allocation. */
const isAlive = ({ state }: BlockState): boolean =>
  state === "submitted" || state === "working" || state === "drained";

/** Lines for people: how many in each state, and each that is not over. `isDriven`: somebody follows them now. */
export const blockLines = (
  states: readonly BlockState[],
  { now, isDriven }: { readonly now: number; readonly isDriven: boolean },
): readonly string[] => {
  if (states.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { state } of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  const alive = isDriven ? states.filter(isAlive) : [];
  return [
    `blocks: ${summary}`,
    ...alive.map(({ block, allocationId, state, message, time }) => {
      const id = allocationId === null ? "" : ` (${allocationId})`;
      return `  ${block}${id} ${state} for ${formatDuration((now - time) / 1000)}: ${message}`;
    }),
  ];
};
