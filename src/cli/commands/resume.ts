/**
 * `lambda-hat resume` and `lambda-hat retry --failed`: run a sweep again as it was started. What is done is not done
 * again, what was begun goes on from its checkpoint, what failed is tried anew.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Command } from "commander";
import { SweepError } from "../../core/errors.ts";
import { isFailure } from "../../plan/task-state.ts";
import { sweepFiles } from "../../runs/layout.ts";
import { printLine, printNote } from "../output/print.ts";
import { withoutPasswords } from "../sweep/hide-address.ts";
import { loadSweep, type StoredSweep } from "../sweep/stored-sweep.ts";

interface ResumeOptions {
  readonly sweep?: string;
  readonly storeRoot: string;
  readonly detach?: boolean;
}

const withOptions = (command: Command): Command =>
  command
    .option("--sweep <id>", "another sweep than the newest")
    .option("--store-root <dir>", "folder of the runs", "runs")
    .option("--detach", "go on in the background");

export const resumeCommand = (): Command =>
  withOptions(
    new Command("resume").description("go on with a sweep that was stopped or whose driver died"),
  ).action(async (options: ResumeOptions) => {
    await runAgain(loadSweep(options.storeRoot, options.sweep ?? null), options);
  });

export const retryCommand = (): Command =>
  withOptions(new Command("retry").description("run the failed tasks of a sweep again"))
    .requiredOption("--failed", "the tasks that failed, and those that needed them")
    .action(async (options: ResumeOptions) => {
      const sweep = loadSweep(options.storeRoot, options.sweep ?? null);
      const failed = [...sweep.progress.tasks.values()].filter(({ state }) => isFailure(state));
      if (failed.length === 0) {
        printLine(`no task of sweep ${sweep.plan.id} has failed`);
        return;
      }
      printNote(`${failed.length} failed tasks of sweep ${sweep.plan.id} are tried again`);
      await runAgain(sweep, options);
    });

/** Runs the command line that started the sweep, in its folder, and takes over its exit code. @throws `NOT_FOUND`. */
const runAgain = async ({ plan, store }: StoredSweep, { detach }: ResumeOptions): Promise<void> => {
  const { command: path, redisUrl } = sweepFiles(store.runs, plan.id);
  if (!existsSync(path)) {
    const problem = `${path} is missing, so it is not known how sweep ${plan.id} was started`;
    throw new SweepError("NOT_FOUND", `${problem}. Run its command again: it goes on from what is there.`);
  }
  const { args, cwd } = JSON.parse(readFileSync(path, "utf8")) as { args: readonly string[]; cwd: string };
  const kept = args.filter((arg) => arg !== "--no-skip" && arg !== "--detach");
  const again = withoutPasswords(kept, redisUrl); // of earlier versions, which kept them
  printNote(`lambda-hat ${again.join(" ")}`);
  const script = process.argv[1] ?? "";
  const child = spawn(process.execPath, [script, ...again, ...(detach === true ? ["--detach"] : [])], {
    cwd,
    stdio: "inherit",
  });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGTERM", pass);
  process.on("SIGINT", ignore); // the terminal tells the child itself
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
  process.off("SIGTERM", pass);
  process.off("SIGINT", ignore);
};

const ignore = (): void => {};
