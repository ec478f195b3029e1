/** Checked file → card of pilots: fills in what one key says about another. Pure. */

import { kindOfClass, type TaskClass } from "../core/task-class.ts";
import type { TaskKind } from "../plan/task.ts";
import type {
  BlockLimits,
  CommandCard,
  PilotWorker,
  SecondsPerClass,
  SlurmCard,
  SlurmRequest,
  SubmitLimits,
} from "./card.ts";
import { parseSeconds } from "./fields.ts";
import { parseMemoryMiB } from "./memory.ts";
import type { CommandCardFile, SlurmCardFile } from "./pilot-card-schema.ts";
import { parseRawOptions } from "./raw-options.ts";
import { parseWalltime } from "./walltime.ts";

type PilotFile = SlurmCardFile | CommandCardFile;

/** A SLURM card from a file without mistakes. */
export const resolveSlurmCard = (file: SlurmCardFile): SlurmCard => ({
  type: "slurm",
  ...pilotOf(file, file.max_blocks),
  nodesPerBlock: file.nodes_per_block,
  worker: workerOf(file, gpusOf(file)),
  submit: submitOf({ ...file.submit, cmd_timeout: file.submit?.cmd_timeout ?? file.cmd_timeout }),
  request: requestOf(file),
  launcher: file.launcher ?? (file.nodes_per_block > 1 ? "srun" : "single"),
  // Parsl's patterns are Python's, whose named groups are spelt (?P<name>…).
  jobIdPattern: file.regex_job_id?.replaceAll("(?P<", "(?<") ?? null,
  via: file.submit?.via ?? null,
  status: statusOf(file),
});

const statusOf = (file: SlurmCardFile): SlurmCard["status"] => ({
  command: file.status?.command ?? "auto",
  intervalSec: parseSeconds(file.status?.interval ?? file.status_polling_interval) ?? 60,
  batchSize: file.status_batch_size,
});

/** A command card from a file without mistakes. */
export const resolveCommandCard = (file: CommandCardFile): CommandCard => {
  const hosts = listOf(file.hosts);
  return {
    type: "command",
    ...pilotOf(file, file.max_blocks ?? Math.max(1, hosts.length)),
    nodesPerBlock: 1,
    worker: workerOf(file, file.gpus_per_node ?? 0),
    submit: submitOf(file.submit ?? {}),
    command: file.command,
    hosts,
  };
};

const listOf = (value: string | number | readonly (string | number)[] | null): readonly string[] =>
  value === null
    ? []
    : [value]
        .flat()
        .map(String)
        .filter((item) => item !== "");

const pilotOf = (file: PilotFile, maxBlocks: number) => {
  const life = parseWalltime(file.walltime);
  const walltimeSec = typeof life === "number" ? life : null;
  return {
    label: file.label ?? file.type,
    blocks: blocksOf(file, maxBlocks),
    walltimeSec,
    // A fifth of a short life, five minutes of a long one: enough for a checkpoint and for SLURM's coarse clock.
    drainBeforeSec: parseSeconds(file.drain_before) ?? Math.min(300, Math.floor((walltimeSec ?? 1500) / 5)),
    timeRequestSec: perClassOf(file.time_request),
    timeoutSec: perClassOf(file.timeout),
    retries: file.retries,
    crashLimit: file.crash_limit,
    graceSec: parseSeconds(file.grace) ?? 0,
    redis: { url: file.redis?.url ?? null, interface: file.redis?.interface ?? null },
    runDir: file.run_dir,
  };
};

const blocksOf = (file: PilotFile, max: number): BlockLimits => ({
  init: file.init_blocks,
  min: file.min_blocks,
  max,
  backlog: file.backlog,
  parallelism: file.parallelism,
  maxIdleSec: parseSeconds(file.max_idletime) ?? 0,
});

const perClassOf = (seconds: PilotFile["timeout"]): SecondsPerClass => ({
  build: parseSeconds(seconds?.build),
  sample: parseSeconds(seconds?.sample),
});

const submitOf = (submit: Partial<NonNullable<CommandCardFile["submit"]>>): SubmitLimits => ({
  minIntervalSec: parseSeconds(submit.min_interval) ?? 2,
  commandTimeoutSec: parseSeconds(submit.cmd_timeout) ?? 60,
  failsToPause: submit.fails_to_pause ?? 10,
  startFailsToPause: submit.start_fails_to_pause ?? 3,
});

/** GPUs of a node, also where `gres` alone asks for them. */
const gpusOf = (file: SlurmCardFile): number => {
  if (file.gpus_per_node !== null) return file.gpus_per_node;
  const gres = (file.gres ?? "").split(",").find((part) => /^\s*gpu\b/.test(part));
  if (gres === undefined) return 0;
  return Number(/:(\d+)\s*$/.exec(gres.replace(/\(.*\)/, ""))?.[1] ?? 1);
};

const workerOf = (file: PilotFile, gpus: number): PilotWorker => {
  const wanted = file.workers_per_node ?? file.max_workers ?? file.max_workers_per_node ?? "auto";
  const { cores_per_node: cores, cores_per_worker: each } = file;
  const byCores = cores === null ? 1 : Math.max(1, Math.floor(cores / (each ?? 1)));
  const slots = typeof wanted === "number" ? wanted : gpus > 0 ? gpus : byCores;
  return {
    slots,
    threads: each ?? (cores === null ? 1 : Math.max(1, Math.floor(cores / slots))),
    memoryMiB: file.mem_per_worker === null ? null : parseMemoryMiB(file.mem_per_worker),
    serves: kindsOf(file.serves),
    hasGpus: gpus > 0,
    workerInit: file.worker_init ?? "",
    env: Object.fromEntries(Object.entries(file.env).map(([name, value]) => [name, String(value)])),
    node: file.node,
  };
};

/** Classes of task as cards name them → kinds of task; null: all. */
export const kindsOf = (serves: "any" | TaskClass | readonly TaskClass[]): readonly TaskKind[] | null =>
  serves === "any" ? null : [serves].flat().map(kindOfClass);

const requestOf = (file: SlurmCardFile): SlurmRequest => ({
  partition: joined(file.partition),
  account: joined(file.account),
  qos: joined(file.qos),
  constraint: file.constraint === null || file.constraint === "" ? null : file.constraint,
  clusters: joined(file.clusters),
  reservation: joined(file.reservation),
  exclude: listOf(file.exclude),
  coresPerNode: file.cores_per_node,
  memory: memoryOf(file),
  gpusPerNode: file.gpus_per_node ?? 0,
  gpuType: joined(file.gpu_type),
  gpuRequest: file.gpu_request,
  gres: file.gres,
  isExclusive: file.exclusive,
  extraOptions: [file.scheduler_options, file.scheduler_options_extra].flatMap((lines) =>
    parseRawOptions(lines ?? ""),
  ),
  skippedOptions: (file.directives_skip ?? []).map(String),
});

/** A list as SLURM writes it: `a,b`. */
const joined = (value: string | number | readonly (string | number)[] | null): string | null => {
  const items = listOf(value);
  return items.length === 0 ? null : items.join(",");
};

const memoryOf = (file: SlurmCardFile): SlurmRequest["memory"] => {
  const sizes = [
    ["mem", file.mem_per_node],
    ["mem-per-gpu", file.mem_per_gpu],
    ["mem-per-cpu", file.mem_per_cpu],
  ] as const;
  for (const [option, size] of sizes) {
    const mebibytes = parseMemoryMiB(size);
    if (mebibytes !== null) return { option, mebibytes };
  }
  return null;
};
