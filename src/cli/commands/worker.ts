/** `lambda-hat worker`: takes tasks of a sweep from Redis, on any host that shares the file system of the runs. */
import { readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { messageOf, SweepError } from "../../core/errors.ts";
import { kindOfClass, taskClasses } from "../../core/task-class.ts";
import { type RemoteWorkerOptions, runRemoteWorker } from "../../executors/remote-worker.ts";
import type { TaskKind } from "../../plan/task.ts";
import { redisVariable, resolveRedisAddress } from "../../queue/redis/connection/redis-address.ts";
import { isTaskDoneSince } from "../../tasks/done-since.ts";
import { answerLeftBy } from "../../tasks/task-answer.ts";
import { parseCount } from "../option-values.ts";
import { printNote } from "../output/print.ts";
import { onSignals } from "../sweep/stop-signals.ts";

interface WorkerOptions {
  readonly connection: string | null;
  readonly redis: string | null;
  readonly sweep: string | null;
  readonly slots: number | null;
  readonly threads: number;
  readonly memoryMib: number | null;
  readonly serves: readonly TaskKind[] | null;
  readonly block: string;
  readonly endsAt: number | null;
  readonly drainBefore: number;
  readonly idleExit: number | null;
  readonly grace: number;
  readonly gpus?: boolean;
  readonly workerInit: string | null;
  readonly storeRoot: string | null;
  readonly logsRoot: string | null;
}

const asText = (text: string): string => text;

const parseSeconds = (text: string): number => {
  const seconds = Number(text);
  if (text === "" || !Number.isFinite(seconds) || seconds < 0)
    throw new InvalidArgumentError("expected a number of seconds ≥ 0.");
  return seconds;
};

const parseServes = (text: string): readonly TaskKind[] | null => {
  if (text === "any") return null;
  return text.split(",").map((name) => {
    const found = taskClasses.find((taskClass) => taskClass === name.trim());
    if (found === undefined) throw new InvalidArgumentError("expected any, build, sample, or build,sample.");
    return kindOfClass(found);
  });
};

export const workerCommand = (): Command =>
  new Command("worker")
    .description("take tasks of a sweep from Redis (on any host that shares the file system)")
    .option(
      "--connection <file>",
      "connection file that the driver has written (runs/sweeps/<id>/redis.json)",
      asText,
      null,
    )
    .option(
      "--redis <url>",
      `redis://, rediss:// or unix:// address, or a file that names one (default: ${redisVariable})`,
      asText,
      null,
    )
    .option("--sweep <id>", "sweep to work for (default: the one in the connection file)", asText, null)
    .option(
      "--slots <n>",
      "tasks at the same time (default: GPUs with --gpus, else cores / threads)",
      parseCount,
      null,
    )
    .option("--threads <n>", "cores of each slot", parseCount, 1)
    .option("--memory-mib <n>", "memory limit of a task that names none", parseCount, null)
    .option("--serves <kinds>", "any, build, sample, or build,sample", parseServes, null)
    .option("--block <name>", "who started this worker", "by-hand")
    .option(
      "--ends-at <seconds>",
      "end of the allocation, seconds since 1970 (default: SLURM_JOB_END_TIME)",
      parseSeconds,
      null,
    )
    .option("--drain-before <seconds>", "stop taking tasks so long before the end", parseSeconds, 120)
    .option("--idle-exit <seconds>", "leave after so long without work (default: stay)", parseSeconds, null)
    .option("--grace <seconds>", "time that a task has to checkpoint before it is killed", parseSeconds, 30)
    .option("--gpus", "give slot k the k-th device of CUDA_VISIBLE_DEVICES")
    .option("--worker-init <file>", "shell lines to run before each task process", asText, null)
    .option("--store-root <dir>", "folder of the runs (default: what the driver says)", asText, null)
    .option("--logs-root <dir>", "folder of the logs (default: what the driver says)", asText, null)
    .action(async (raw: WorkerOptions) => {
      const signals = onSignals(printNote, { warnings: ["SIGUSR1"], togetherMs: 3000 });
      try {
        await runRemoteWorker({ ...optionsOf(raw), drain: signals.stop, kill: signals.kill });
      } finally {
        signals.close();
      }
    });

/** @throws SweepError `USAGE`, `NOT_FOUND`, `ENVIRONMENT`. */
const optionsOf = (raw: WorkerOptions): Omit<RemoteWorkerOptions, "drain" | "kill"> => {
  const { env } = process;
  const gpus = raw.gpus === true ? gpusOf(env["CUDA_VISIBLE_DEVICES"]) : null;
  return {
    ...sweepOf(raw),
    slots: raw.slots ?? gpus?.length ?? Math.max(1, Math.floor(availableParallelism() / raw.threads)),
    threads: raw.threads,
    memoryMiB: raw.memoryMib,
    serves: raw.serves,
    workerInit: raw.workerInit === null ? "" : readInit(raw.workerInit),
    block: raw.block,
    slurmJob: env["SLURM_JOB_ID"] ?? null,
    node: env["SLURMD_NODENAME"] ?? hostname(),
    endsAt: endOf(raw.endsAt, env["SLURM_JOB_END_TIME"]),
    drainBeforeSec: raw.drainBefore,
    idleExitSec: raw.idleExit,
    graceSec: raw.grace,
    gpus,
    storeRoot: raw.storeRoot,
    logsRoot: raw.logsRoot,
    resultsIn: (storeRoot) => ({
      isDone: isTaskDoneSince(storeRoot),
      answerLeftBy: (task, attemptToken) => answerLeftBy(storeRoot, task, attemptToken),
    }),
    say: printNote,
  };
};

/** Which sweep, in which Redis. */
const sweepOf = (raw: WorkerOptions): Pick<RemoteWorkerOptions, "address" | "connectionFile" | "sweepId"> => {
  const found = resolveRedisAddress({ redis: raw.redis, connection: raw.connection, env: process.env });
  if (found === null) {
    const expected = `--connection FILE, --redis URL or the environment variable ${redisVariable}`;
    throw new SweepError("USAGE", `where is Redis? Expected ${expected}.`);
  }
  const sweepId = raw.sweep ?? found.sweepId;
  if (sweepId === null)
    throw new SweepError("USAGE", "which sweep? Expected --sweep swp_… (see lambda-hat status).");
  return { address: found.address, connectionFile: found.file, sweepId };
};

const gpusOf = (mask: string | undefined): readonly string[] => {
  const gpus = (mask ?? "").split(",").filter((name) => name !== "");
  if (gpus.length > 0) return gpus;
  throw new SweepError(
    "ENVIRONMENT",
    "CUDA_VISIBLE_DEVICES names no device; expected the GPUs of this allocation for --gpus.",
  );
};

const endOf = (given: number | null, fromSlurm: string | undefined): number | null => {
  const seconds = given ?? Number(fromSlurm ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null;
};

const readInit = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new SweepError("NOT_FOUND", `--worker-init ${path} cannot be read: ${messageOf(cause)}.`, {
      cause,
    });
  }
};
