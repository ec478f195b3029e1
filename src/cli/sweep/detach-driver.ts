/** Starts the same command again, in the background and out of reach of this terminal, and waits until it drives. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { SweepError } from "../../core/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import { liveHolderOf } from "../../queue/sweep-lock.ts";
import { type Store, sweepFiles } from "../../runs/layout.ts";
import { printLine } from "../output/print.ts";
import { withoutPasswords } from "./hide-address.ts";

const startTimeoutMs = 30_000;

/** @throws SweepError `ENVIRONMENT` with what the driver printed if it ends at once, `BUSY` if the sweep has a driver. */
export const detachDriver = async (plan: Plan, store: Store): Promise<void> => {
  const files = sweepFiles(store.runs, plan.id);
  const holder = liveHolderOf(files.lock);
  if (holder !== null)
    throw new SweepError(
      "BUSY",
      `this sweep is driven by process ${holder.pid} on ${holder.host}; watch it with: lambda-hat status --watch`,
    );
  mkdirSync(dirname(files.driverLog), { recursive: true });
  const log = openSync(files.driverLog, "w");
  const [script = "", ...given] = process.argv.slice(1);
  const args = [script, ...withoutPasswords(given, files.redisUrl).filter((arg) => arg !== "--detach")];
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const code = await Promise.race([ended, untilDriven(files.lock, child.pid)]);
  child.unref();
  const text = readFileSync(files.driverLog, "utf8").trim();
  if (code !== "driven" && code !== 0)
    throw new SweepError("ENVIRONMENT", `the driver ended at once with exit code ${code}:\n${text}`);
  printLine(`sweep ${plan.id} is driven by process ${child.pid}; its output: ${files.driverLog}`);
  printLine(
    `watch: lambda-hat status --sweep ${plan.id} --watch    stop: lambda-hat cancel --sweep ${plan.id}`,
  );
};

/** A short sweep may end before its lock is seen: then the exit is seen. */
const untilDriven = async (lock: string, pid: number | undefined): Promise<"driven"> => {
  const end = Date.now() + startTimeoutMs;
  while (liveHolderOf(lock)?.pid !== pid) {
    if (Date.now() > end)
      throw new SweepError("ENVIRONMENT", `the driver has not begun after ${startTimeoutMs / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return "driven";
};
