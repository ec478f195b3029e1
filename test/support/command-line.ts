/** Runs the compiled command line as users do: a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";

const main = join(packageRoot, "dist", "src", "cli", "main.js");

/** Tests of the command line need a build. */
export const hasBuild = existsSync(main);

/** How a command ended. */
export interface Ended {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that may still be running. */
export interface Running {
  readonly child: ChildProcess & { readonly pid: number };
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
}

interface StartOptions {
  /** Working folder: holds `runs/`, `results/` and `logs/`. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `lambda-hat ...args`; it leads its own process group, as a shell's command does. */
export const startCommand = (args: readonly string[], { cwd, env = {} }: StartOptions): Running => {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child: child as Running["child"], ended, output: () => ({ stdout, stderr }) };
};

/** Runs `lambda-hat ...args` to its end. */
export const runCommand = (args: readonly string[], options: StartOptions): Promise<Ended> =>
  startCommand(args, options).ended;

/** Writes an experiment file into a folder and returns the command line that runs it. */
export const sweepIn = (
  cwd: string,
  experiment: string,
  ...options: readonly string[]
): readonly string[] => {
  writeFileSync(join(cwd, "experiment.yaml"), experiment);
  return ["workflow", "llc", "--config", "experiment.yaml", "--local", ...options];
};
