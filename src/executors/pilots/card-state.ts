/** How a card stands beside its blocks, as the ledger tells it to `explain` and `status`. */
import type { PilotCard } from "../../cards/card.ts";
import type { TaskKind } from "../../plan/task.ts";
import type { Brake } from "./brake.ts";

/** What a card may start, and what keeps it from starting more. */
export interface CardState {
  /** Kinds of task that its workers take; null: all. */
  readonly serves: readonly TaskKind[] | null;
  readonly max_blocks: number;
  /** Blocks that may wait in the scheduler's queue. */
  readonly backlog: number;
  /** Nothing is submitted before this time, milliseconds since 1970, because the last attempts failed; null: it is. */
  readonly paused_until: number | null;
  /** Why nothing is submitted any more; null: it is. */
  readonly stopped: string | null;
}

/** State at a time, milliseconds since 1970. */
export const cardStateOf = ({ worker, blocks }: PilotCard, brake: Brake, now: number): CardState => ({
  serves: worker.serves,
  max_blocks: blocks.max,
  backlog: blocks.backlog,
  paused_until: brake.numRefused + brake.numFailedStarts > 0 && brake.nextAt > now ? brake.nextAt : null,
  stopped: brake.stopped,
});
