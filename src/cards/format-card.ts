/** Card → YAML with every key, in a form that loads to the same card: what is kept beside a sweep. */
import { stringify } from "yaml";
import { taskClassOf } from "../core/task-class.ts";
import { holdsPassword } from "../core/url-password.ts";
import type { TaskKind } from "../plan/task.ts";
import type { Card, CommandCard, LocalCard, PilotCard, SlurmCard } from "./card.ts";
import { formatMemory } from "./memory.ts";
import { formatWalltime } from "./walltime.ts";

/** The whole card; passwords are not in it, because `redis.url` is left out where it holds one. */
export const formatCard = (card: Card): string => {
  if (card.type === "local") return stringify(localFields(card));
  const fields = card.type === "slurm" ? slurmFields(card) : commandFields(card);
  return stringify({ type: card.type, ...pilotFields(card), ...fields });
};

const localFields = (card: LocalCard): unknown => ({
  type: card.type,
  label: card.label,
  executors: card.executors.map((workers) => ({
    label: workers.label,
    max_workers: workers.slots,
    cores_per_worker: workers.threadsPerTask,
    mem_per_worker: workers.memoryMiB === null ? null : `${workers.memoryMiB}M`,
    serves: formatServes(workers.serves),
    worker_init: workers.workerInit,
    env: workers.env,
  })),
  retries: card.retries,
  crash_limit: card.crashLimit,
  grace: card.graceSec,
  run_dir: card.runDir,
});

const formatServes = (serves: readonly TaskKind[] | null): unknown => serves?.map(taskClassOf) ?? "any";

const pilotFields = (card: PilotCard) => ({
  label: card.label,
  serves: formatServes(card.worker.serves),
  init_blocks: card.blocks.init,
  min_blocks: card.blocks.min,
  max_blocks: card.blocks.max,
  backlog: card.blocks.backlog,
  parallelism: card.blocks.parallelism,
  max_idletime: card.blocks.maxIdleSec,
  workers_per_node: card.worker.slots,
  cores_per_worker: card.worker.threads,
  mem_per_worker: card.worker.memoryMiB === null ? null : formatMemory(card.worker.memoryMiB),
  walltime: formatWalltime(card.walltimeSec ?? "unlimited"),
  drain_before: card.drainBeforeSec,
  time_request: card.timeRequestSec,
  timeout: card.timeoutSec,
  retries: card.retries,
  crash_limit: card.crashLimit,
  grace: card.graceSec,
  worker_init: card.worker.workerInit,
  env: card.worker.env,
  node: card.worker.node,
  redis: { url: withoutPassword(card.redis.url), interface: card.redis.interface },
  run_dir: card.runDir,
});

const slurmFields = (card: SlurmCard) => {
  const { request, submit, status } = card;
  const memory = (option: string): string | null =>
    request.memory?.option === option ? formatMemory(request.memory.mebibytes) : null;
  return {
    partition: request.partition,
    account: request.account,
    qos: request.qos,
    constraint: request.constraint,
    clusters: request.clusters,
    reservation: request.reservation,
    exclude: request.exclude,
    nodes_per_block: card.nodesPerBlock,
    cores_per_node: request.coresPerNode,
    mem_per_node: memory("mem"),
    mem_per_gpu: memory("mem-per-gpu"),
    mem_per_cpu: memory("mem-per-cpu"),
    gpus_per_node: request.gpusPerNode === 0 && request.gres !== null ? null : request.gpusPerNode,
    gpu_type: request.gpuType,
    gpu_request: request.gpuRequest,
    gres: request.gres,
    exclusive: request.isExclusive,
    launcher: card.launcher,
    scheduler_options_extra: request.extraOptions.join("\n"),
    directives_skip: request.skippedOptions,
    regex_job_id: card.jobIdPattern,
    status_batch_size: status.batchSize,
    submit: {
      min_interval: submit.minIntervalSec,
      cmd_timeout: submit.commandTimeoutSec,
      fails_to_pause: submit.failsToPause,
      start_fails_to_pause: submit.startFailsToPause,
      via: card.via,
    },
    status: { command: status.command, interval: status.intervalSec },
  };
};

const commandFields = ({ command, hosts, worker, submit }: CommandCard) => ({
  command,
  hosts: hosts.length === 0 ? null : hosts,
  gpus_per_node: worker.hasGpus ? worker.slots : 0,
  submit: {
    min_interval: submit.minIntervalSec,
    cmd_timeout: submit.commandTimeoutSec,
    fails_to_pause: submit.failsToPause,
    start_fails_to_pause: submit.startFailsToPause,
  },
});

/** Cards are kept readable for the group; an address with a password is not written. */
const withoutPassword = (url: string | null): string | null =>
  url !== null && holdsPassword(url) ? null : url;
