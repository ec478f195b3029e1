/** Starts the same command again, in the background and out of reach of this terminal, and waits until it has begun. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { SweepError } from "../../core/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import { readEvents } from "../../queue/event-log.ts";
import { liveHolderOf } from "../../queue/sweep-lock.ts";
import { type Store, sweepFiles } from "../../runs/layout.ts";
import { printLine, printNote } from "../output/print.ts";
import { withoutPasswords } from "./hide-address.ts";

/** Starting a Redis and compiling kernels takes a while on a busy machine. */
const startTimeoutMs = 120_000;

/**
 * Returns the exit code: 0 once the driver has its queue and its plan, else that of a driver that has ended.
 * @throws SweepError `ENVIRONMENT` if it does not begin, `BUSY` if the sweep has a driver.
 */
export const detachDriver = async (plan: Plan, store: Store): Promise<number> => {
  const files = sweepFiles(store.runs, plan.id);
  const holder = liveHolderOf(files.lock);
  if (holder !== null)
    throw new SweepError(
      "BUSY",
      `this sweep is driven by process ${holder.pid} on ${holder.host}; watch it with: lambda-hat status --watch`,
    );
  mkdirSync(dirname(files.driverLog), { recursive: true });
  const numPlans = countPlans(files.events);
  const log = openSync(files.driverLog, "w");
  const [script = "", ...given] = process.argv.slice(1);
  const args = [script, ...withoutPasswords(given, files.redisUrl).filter((arg) => arg !== "--detach")];
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  const hasBegun = await untilBegun(child, () => countPlans(files.events) > numPlans);
  child.unref();
  const { exitCode } = child;
  if (exitCode !== null && (exitCode !== 0 || !hasBegun)) {
    printNote(readFileSync(files.driverLog, "utf8").trim());
    printNote(`the driver has ended with exit code ${exitCode}; its output: ${files.driverLog}`);
    return exitCode;
  }
  if (!hasBegun) {
    const how =
      child.signalCode === null ? `in ${startTimeoutMs / 1000} s` : `and was ended by ${child.signalCode}`;
    child.kill("SIGTERM");
    throw new SweepError("ENVIRONMENT", `the driver has not begun ${how}; its output: ${files.driverLog}`);
  }
  printLine(`sweep ${plan.id} is driven by process ${child.pid}; its output: ${files.driverLog}`);
  printLine(
    `watch: lambda-hat status --sweep ${plan.id} --watch    stop: lambda-hat cancel --sweep ${plan.id}`,
  );
  return 0;
};

/** How often the sweep was begun: each driver writes its plan once its queue is open. */
const countPlans = (events: string): number =>
  existsSync(events) ? readEvents(events).filter(({ kind }) => kind === "plan").length : 0;

/** Until the driver has begun or ended, at most so long. A short sweep ends before it is seen to begin. */
const untilBegun = async (child: ChildProcess, hasBegun: () => boolean): Promise<boolean> => {
  const end = Date.now() + startTimeoutMs;
  while (Date.now() < end) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasBegun()) return true;
    if (hasEnded) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
};
