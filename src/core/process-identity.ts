/** Which process it was: ids of processes are used again, so an id alone may mean another by now. */
import { hostname } from "node:os";
import { isAlive } from "./process-alive.ts";
import { readTextOrNull } from "./read-text.ts";

/** One process among all that ever ran. Plain JSON. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Linux: changes with every boot. Null elsewhere. */
  readonly boot_id: string | null;
  /** Linux: clock ticks from boot to the start of the process; null if it was gone already. Null elsewhere. */
  readonly start_ticks: string | null;
}

/** The process that has this id on this machine now. */
export const identityOf = (pid: number): ProcessIdentity => ({
  host: hostname(),
  pid,
  boot_id: bootId(),
  start_ticks: startTicksOf(pid),
});

/** True if it can be looked at and signalled from here. */
export const isOfThisMachine = ({ host }: ProcessIdentity): boolean => host === hostname();

/** True while that very process runs; only for processes of this machine. */
export const isThere = ({ pid, boot_id, start_ticks }: ProcessIdentity): boolean => {
  if (boot_id !== bootId()) return false;
  return start_ticks === null ? boot_id === null && isAlive(pid) : startTicksOf(pid) === start_ticks;
};

const bootId = (): string | null => readTextOrNull("/proc/sys/kernel/random/boot_id")?.trim() ?? null;

/** 22nd field of /proc/<pid>/stat; the second, the command, may hold spaces and brackets. Null if there is none. */
const startTicksOf = (pid: number): string | null => {
  const text = readTextOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const isZombie = fields[0] === "Z";
  return isZombie ? null : (fields[19] ?? null);
};
