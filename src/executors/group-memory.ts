/**
 * Resident memory of a process and all its descendants, from Linux's /proc.
 *
 * Read from outside, because a process that computes without yielding cannot report on itself. Elsewhere than on Linux
 * there is no /proc and the answer is null: there only the limit of the JavaScript heap holds.
 */
import { readdirSync } from "node:fs";
import { readTextOrNull } from "../core/read-text.ts";

/** MiB, shared pages counted in every process that maps them; null if the process is gone or /proc is not there. */
export const groupMemoryMiB = (pid: number): number | null => {
  const own = residentKiB(pid);
  if (own === null) return null;
  let sum = own;
  for (const child of descendantsOf(pid)) sum += residentKiB(child) ?? 0;
  return sum / 1024;
};

/** True where `groupMemoryMiB` can answer. */
export const canReadMemory = (): boolean => residentKiB(process.pid) !== null;

const residentKiB = (pid: number): number | null => {
  const match = /^VmRSS:\s*(\d+) kB$/m.exec(readTextOrNull(`/proc/${pid}/status`) ?? "");
  return match === null ? null : Number(match[1]);
};

const descendantsOf = (pid: number): readonly number[] => {
  const found = [pid];
  for (const parent of found) found.push(...childrenOf(parent));
  return found.slice(1);
};

const childrenOf = (pid: number): readonly number[] => {
  let threads: readonly string[] = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads.flatMap((thread) =>
    (readTextOrNull(`/proc/${pid}/task/${thread}/children`) ?? "")
      .split(" ")
      .filter((id) => id !== "")
      .map(Number),
  );
};
