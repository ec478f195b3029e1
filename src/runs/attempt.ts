/**
 * Fencing: of several attempts at one task only the newest may finish.
 *
 * Each attempt writes its own random token to `attempt.json` before it works. A worker that was believed dead, and whose task
 * another has begun since, finds a foreign token and must not write. Should it slip through the instant between look and
 * rename, its manifest carries a token that is not the folder's and counts as invalid (`manifest.ts`).
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { removeTemporaries, writeJsonAtomic } from "../core/atomic-write.ts";
import { SweepError } from "../core/errors.ts";

/** One try at a task. */
export interface Attempt {
  /** Folder of the target or run. */
  readonly dir: string;
  /** 1 for the first. */
  readonly number: number;
  readonly token: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

const attemptFile = (dir: string): string => join(dir, "attempt.json");

/** Newest attempt at the task of this folder; null if none is recorded legibly. */
export const readAttempt = (dir: string): Attempt | null => {
  try {
    const record = JSON.parse(readFileSync(attemptFile(dir), "utf8")) as Record<string, unknown>;
    const { attempt, token, host, pid, started_at: startedAt } = record;
    if (typeof attempt !== "number" || typeof token !== "string") return null;
    return {
      dir,
      number: attempt,
      token,
      host: String(host),
      pid: Number(pid),
      startedAt: String(startedAt),
    };
  } catch {
    return null;
  }
};

/** Number that the next attempt at the task of this folder will have, over all sweeps and restarts. */
export const nextAttemptNumber = (dir: string): number => (readAttempt(dir)?.number ?? 0) + 1;

/**
 * Takes the task of this folder: every earlier attempt can no longer finish. `nowMs`: since 1970. `token`: that of the
 * attempt's lease, by which its supervisor recognises what it left; default: a new one.
 */
export const beginAttempt = (dir: string, nowMs: number, token: string = randomUUID()): Attempt => {
  const attempt: Attempt = {
    dir,
    number: nextAttemptNumber(dir),
    token,
    host: hostname(),
    pid: process.pid,
    startedAt: new Date(nowMs).toISOString(),
  };
  removeTemporaries(dir);
  const { number, host, pid, startedAt } = attempt;
  writeJsonAtomic(attemptFile(dir), { attempt: number, token, host, pid, started_at: startedAt });
  return attempt;
};

/** @throws SweepError `BUSY` if a newer attempt has begun: the caller's results must not be written. */
export const checkAttempt = (attempt: Attempt): void => {
  const newest = readAttempt(attempt.dir);
  if (newest?.token === attempt.token) return;
  const other =
    newest === null ? "its record is gone" : `attempt ${newest.number} on ${newest.host} has begun`;
  throw new SweepError(
    "BUSY",
    `attempt ${attempt.number} at ${attempt.dir} is outdated: ${other}. Its results were not written.`,
  );
};
