/** What lies around a stored sweep: its workers in Redis and the blocks of its cards. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type LedgerFile, readLedger } from "../../executors/pilots/block-ledger.ts";
import type { Task } from "../../plan/task.ts";
import { lookAtSweep, type SweepLook } from "../../queue/redis/look-at-sweep.ts";
import { type Store, sweepFiles } from "../../runs/layout.ts";

/** All that is known at one moment. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Workers over Redis; null: the queue is in the driver, or was. */
  readonly look: SweepLook | null;
  /** One a card that starts blocks, as its driver last wrote it. */
  readonly cards: readonly LedgerFile[];
}

/** `task`: whose job is to be looked at; null: none. Waits some seconds for a Redis that does not answer. */
export const lookAround = async (
  { sweepId, store }: { readonly sweepId: string; readonly store: Store },
  task: Task | null,
): Promise<Surroundings> => {
  const { redis, blocks } = sweepFiles(store.runs, sweepId);
  const look = existsSync(redis) ? await lookAtSweep(redis, sweepId, task) : null;
  return { now: Date.now(), look, cards: readLedgers(blocks) };
};

const readLedgers = (folder: string): readonly LedgerFile[] => {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().flatMap((name) => readLedger(join(folder, name)) ?? []);
};
