/** Looks at the processes that a test has started, through Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** Parent of a process, or null if it is gone or only waits to be reaped. */
export const parentOf = (pid: number): number | null => {
  const text = read(`/proc/${pid}/stat`);
  const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return text === "" || state === "Z" ? null : Number(parent);
};

/** True while the process runs. */
export const isRunning = (pid: number): boolean => parentOf(pid) !== null;

/** Task processes whose parent is `pid`. */
export const taskProcessesOf = (pid: number): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid && read(`/proc/${child}/cmdline`).includes("task-process.js"));

/** Waits until `condition` holds. @throws after `timeoutMs`. */
export const until = async (what: string, condition: () => boolean, timeoutMs = 40_000): Promise<void> => {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
