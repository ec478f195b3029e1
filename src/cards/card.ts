/**
 * What a card says once it is read: where workers run, how many, with what.
 *
 * Keys on disk are those of the Parsl cards that users have, and more; `cards/README.md` lists them.
 */
import type { TaskKind } from "../plan/task.ts";

/** A group of equal slots on this machine. */
export interface LocalWorkers {
  /** Unique in the card; part of the workers' names. */
  readonly label: string;
  /** Tasks that run at the same time. */
  readonly slots: number;
  /** Threads of each task. */
  readonly threadsPerTask: number;
  /** Limit of each task, for tasks that name none; null: no limit. */
  readonly memoryMiB: number | null;
  /** Kinds of task they take; null: all. */
  readonly serves: readonly TaskKind[] | null;
  /** Shell lines that run before a worker; empty: none. */
  readonly workerInit: string;
  /** Environment of the workers, on top of the command's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** Workers on the machine of the command. */
export interface LocalCard {
  readonly type: "local";
  readonly label: string;
  readonly executors: readonly LocalWorkers[];
  /** Retries of a retryable error; null: the experiment decides. */
  readonly retries: number | null;
  /** Lost workers that a task survives. */
  readonly crashLimit: number;
  /** Seconds that a task has to checkpoint when it is stopped or over its time, before it is killed. */
  readonly graceSec: number;
  /** Folder for the output of workers that belongs to no task; null: not kept. */
  readonly runDir: string | null;
}

/** Seconds by class of task; null: none. */
export interface SecondsPerClass {
  readonly build: number | null;
  readonly sample: number | null;
}

/** How many blocks there may be, and when. A block is one allocation, or one run of the command. */
export interface BlockLimits {
  /** Submitted at the start, whatever the demand. */
  readonly init: number;
  /** Kept while the sweep lasts. */
  readonly min: number;
  /** Never more at the same time. */
  readonly max: number;
  /** Never more that wait in the scheduler's queue. */
  readonly backlog: number;
  /** Slots wanted per task that could run: 1 one each, 0.5 one for two. */
  readonly parallelism: number;
  /** A block without work for so long is drained. */
  readonly maxIdleSec: number;
}

/** The one worker process on each node of a block. */
export interface PilotWorker {
  /** Tasks at the same time on one node. */
  readonly slots: number;
  /** Threads of each. */
  readonly threads: number;
  /** Limit of each task, for tasks that name none; null: no limit. */
  readonly memoryMiB: number | null;
  /** Kinds of task it takes; null: all. */
  readonly serves: readonly TaskKind[] | null;
  /** True: slot k gets the k-th entry of `CUDA_VISIBLE_DEVICES`. */
  readonly hasGpus: boolean;
  /** Shell lines before the worker; empty: none. */
  readonly workerInit: string;
  readonly env: Readonly<Record<string, string>>;
  /** Node.js on the nodes; null: the path of the driver's own, or else the one on `PATH`. */
  readonly node: string | null;
}

/** Brakes on starting blocks. */
export interface SubmitLimits {
  readonly minIntervalSec: number;
  readonly commandTimeoutSec: number;
  /** Refusals in a row after which nothing more is submitted. */
  readonly failsToPause: number;
  /** Blocks in a row that ended before a worker of theirs was heard of. */
  readonly startFailsToPause: number;
}

interface PilotBase {
  readonly label: string;
  readonly nodesPerBlock: number;
  readonly blocks: BlockLimits;
  readonly worker: PilotWorker;
  /** Life of a block; null: no end. */
  readonly walltimeSec: number | null;
  /** So long before its end a block takes no task and gives running ones back. */
  readonly drainBeforeSec: number;
  /** A worker with less life than this takes no task of the class. */
  readonly timeRequestSec: SecondsPerClass;
  /** Limits of tasks for which the experiment names none. */
  readonly timeoutSec: SecondsPerClass;
  /** Retries of a retryable error; null: the experiment decides. */
  readonly retries: number | null;
  /** Lost workers that a task survives. */
  readonly crashLimit: number;
  /** Seconds that a task has to checkpoint before it is killed. */
  readonly graceSec: number;
  readonly submit: SubmitLimits;
  readonly redis: { readonly url: string | null; readonly interface: string | null };
  /** Folder for scripts and output of blocks; null: with the sweep. */
  readonly runDir: string | null;
}

/** What sbatch is asked for. Texts are passed as they are. */
export interface SlurmRequest {
  readonly partition: string | null;
  readonly account: string | null;
  readonly qos: string | null;
  readonly constraint: string | null;
  readonly clusters: string | null;
  readonly reservation: string | null;
  readonly exclude: readonly string[];
  readonly coresPerNode: number | null;
  /** One of `--mem`, `--mem-per-gpu`, `--mem-per-cpu` with its MiB; null: the site's default. */
  readonly memory: {
    readonly option: "mem" | "mem-per-gpu" | "mem-per-cpu";
    readonly mebibytes: number;
  } | null;
  readonly gpusPerNode: number;
  readonly gpuType: string | null;
  readonly gpuRequest: "gres" | "gpus";
  readonly gres: string | null;
  readonly isExclusive: boolean;
  /** Options of the user, without `#SBATCH`. */
  readonly extraOptions: readonly string[];
  /** Names of generated options to leave out. */
  readonly skippedOptions: readonly string[];
}

/** Workers in SLURM allocations. */
export interface SlurmCard extends PilotBase {
  readonly type: "slurm";
  readonly request: SlurmRequest;
  /** `single`: on the first node; `srun`: one on each node; other text: put before the worker's command. */
  readonly launcher: string;
  /** Finds the job id in what sbatch prints, where `--parsable` is not heeded; null: by itself. */
  readonly jobIdPattern: string | null;
  /** Put before sbatch, squeue, scancel …: `ssh login1`; null: they run here. */
  readonly via: string | null;
  readonly status: {
    readonly command: "auto" | "squeue" | "sacct";
    readonly intervalSec: number;
    /** Ids in one call of sacct or scancel. */
    readonly batchSize: number;
  };
}

/** Workers that a shell command starts, somewhere. */
export interface CommandCard extends PilotBase {
  readonly type: "command";
  /** Holds `{script}`, and perhaps `{host}`, `{block}`. Lives as long as its worker. */
  readonly command: string;
  /** Each runs one block at a time; empty: the command decides. */
  readonly hosts: readonly string[];
}

/** Cards whose workers run in other processes than the driver's children. */
export type PilotCard = SlurmCard | CommandCard;

export type Card = LocalCard | PilotCard;
