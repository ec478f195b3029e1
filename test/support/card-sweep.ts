/** Whole sweeps through the command line with a card of SLURM, and what they leave, for tests on a virtual cluster. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";
import { readEvents } from "../../src/queue/event-log.ts";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";
import { until } from "./processes.ts";
import { filesUnder } from "./sweep-folder.ts";

export const mainScript = join(packageRoot, "dist", "src", "cli", "main.js");
export const hasMainScript = existsSync(mainScript);

/** How a command ended. */
export interface CommandEnded {
  /** Null: by a signal. */
  readonly code: number | null;
  /** Both streams, as they came. */
  readonly output: string;
}

/** A command that may still be running. */
export interface StartedCommand {
  /** Its working folder. */
  readonly place: string;
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnded>;
  readonly output: () => string;
}

/** Starts `lambda-hat ...args` in a folder. */
export const startIn = (
  place: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): StartedCommand => {
  const child = spawn(process.execPath, [mainScript, ...args], {
    cwd: place,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const ended = new Promise<CommandEnded>((resolve) =>
    child.once("close", (code) => resolve({ code, output })),
  );
  return { place, child, ended, output: () => output };
};

/** Writes the experiment into the folder, which is made, and runs it. */
export const startSweepIn = (
  place: string,
  experiment: string,
  options: { readonly args: readonly string[]; readonly env?: NodeJS.ProcessEnv },
): StartedCommand => {
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "experiment.yaml"), experiment);
  return startIn(place, ["workflow", "llc", "--config", "experiment.yaml", ...options.args], options.env);
};

/** `path sha256` of every trace below a folder. */
export const traceDigestsIn = (place: string): readonly string[] =>
  filesUnder(place)
    .filter((path) => path.endsWith("/trace.nc"))
    .map(
      (path) =>
        `${path} ${createHash("sha256")
          .update(readFileSync(join(place, path)))
          .digest("hex")}`,
    );

/** Events of all sweeps below a folder; empty before the first. */
export const sweepEventsIn = (place: string): readonly SweepEvent[] =>
  filesUnder(place)
    .filter((path) => path.endsWith("/events.jsonl"))
    .flatMap((path) => readEvents(join(place, path)));

/** Waits until a run draws, and the driver has heard of its block's worker: what is harmed before is only a start. */
export const untilDrawing = async ({ place }: Pick<StartedCommand, "place">): Promise<void> => {
  const isThere = (): boolean => {
    const events = sweepEventsIn(place);
    const runs = events.filter((event) => event.kind === "progress" && event.taskId.includes("/"));
    return runs.length > 0 && events.some((event) => event.kind === "block" && event.state === "working");
  };
  await until("a run draws", isThere, 60_000);
};
