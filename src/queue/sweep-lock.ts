/**
 * `lock.json` of a sweep: at most one driver runs a sweep.
 *
 * The lock names its holder by host, boot, process id and the start time of that process, so that a lock left behind by
 * a crash, a reboot or a reused process id is recognised and taken over. A holder on another host cannot be checked and
 * is believed.
 */
import { linkSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SweepError } from "../core/errors.ts";
import { identityOf, isOfThisMachine, isThere, type ProcessIdentity } from "../core/process-identity.ts";

/** Who holds a sweep; the content of the file. */
export interface LockHolder extends ProcessIdentity {
  /** ISO time, for people. */
  readonly since: string;
}

/** A held lock. */
export interface SweepLock {
  /** Removes the file. */
  release(): void;
}

/** A takeover takes milliseconds; one that is older than this was cut off by a crash. */
const takeoverMs = 10_000;

/**
 * Takes the lock at `path`, creating the folder.
 * @throws SweepError `BUSY`, naming the holder, if another live process has it.
 */
export const acquireSweepLock = (path: string, now: () => number = Date.now): SweepLock => {
  mkdirSync(dirname(path), { recursive: true });
  const self = currentHolder(now());
  if (!tryLink(path, self) && !(takeOver(path, now) && tryLink(path, self)))
    throw busy(path, readHolder(path));
  return {
    release: () => {
      const holder = readHolder(path);
      if (holder !== null && isSame(holder, self)) rmSync(path, { force: true });
    },
  };
};

/** Holder of a sweep that is still alive (or cannot be checked), or null if nobody drives it. */
export const liveHolderOf = (path: string): LockHolder | null => {
  const holder = readHolder(path);
  return holder === null || isStale(holder) ? null : holder;
};

const currentHolder = (now: number): LockHolder => ({
  ...identityOf(process.pid),
  since: new Date(now).toISOString(),
});

/** Creates the file with its whole content in one step; false if it is there already. */
const tryLink = (path: string, holder: LockHolder): boolean => {
  const draft = `${path}.${holder.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(holder)}\n`);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
};

/**
 * Removes a stale lock; false if it is not stale. Only one process at a time may do so: otherwise the second could
 * remove the fresh lock of the first.
 */
const takeOver = (path: string, now: () => number): boolean => {
  const guard = `${path}.takeover`;
  try {
    mkdirSync(guard);
  } catch {
    if (now() - (ageBase(guard) ?? now()) > takeoverMs) rmdirSync(guard);
    return false;
  }
  try {
    const holder = readHolder(path);
    if (holder !== null && !isStale(holder)) return false;
    rmSync(path, { force: true });
    return true;
  } finally {
    rmdirSync(guard);
  }
};

const ageBase = (path: string): number | null => {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return null;
  }
};

const isStale = (holder: LockHolder): boolean => isOfThisMachine(holder) && !isThere(holder);

const isSame = (a: LockHolder, b: LockHolder): boolean =>
  a.host === b.host && a.pid === b.pid && a.start_ticks === b.start_ticks && a.boot_id === b.boot_id;

const readHolder = (path: string): LockHolder | null => {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LockHolder;
  } catch {
    return null;
  }
};

const busy = (path: string, holder: LockHolder | null): SweepError => {
  const details = holder === null ? {} : { host: holder.host, pid: holder.pid, since: holder.since };
  const who =
    holder === null ? "another process" : `process ${holder.pid} on ${holder.host} since ${holder.since}`;
  const advice = `Wait for it, stop it, or remove ${path} if you know that it is gone.`;
  return new SweepError("BUSY", `this sweep is being run by ${who}. ${advice}`, { details, retryable: true });
};
