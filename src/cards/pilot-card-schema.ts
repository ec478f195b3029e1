/**
 * Keys of cards whose workers run elsewhere: `type: slurm` (allocations) and `type: command` (any command that starts a
 * worker). A strict superset of the keys of Parsl's SLURM cards and provider, in the same spelling.
 */
import { z } from "zod";
import {
  autoOrCount,
  environment,
  flag,
  label,
  mapping,
  memory,
  numberFrom,
  oneOf,
  secondsFrom,
  serves,
  text,
  walltime,
  wholeNumber,
  word,
  words,
} from "./fields.ts";

const perClass = z
  .strictObject(
    { build: secondsFrom(0).nullable().default(null), sample: secondsFrom(0).nullable().default(null) },
    mapping,
  )
  .nullable()
  .default(null);

const seconds = secondsFrom(0);
const count = wholeNumber(0);

/** What all pilots share. */
const pilotFields = {
  label: label.optional(),
  serves: serves.default("any"),
  init_blocks: count.default(0),
  min_blocks: count.default(0),
  backlog: wholeNumber(1).default(2),
  parallelism: numberFrom(0).default(1),
  max_idletime: seconds.default(120),
  cores_per_node: wholeNumber(1).nullable().default(null),
  gpus_per_node: count.nullable().default(null),
  workers_per_node: autoOrCount.optional(),
  max_workers: autoOrCount.optional(),
  max_workers_per_node: autoOrCount.optional(),
  cores_per_worker: wholeNumber(1).nullable().default(null),
  mem_per_worker: memory.default(null),
  drain_before: seconds.nullable().default(null),
  time_request: perClass,
  timeout: perClass,
  retries: count.nullable().default(null),
  crash_limit: count.default(5),
  grace: seconds.default(30),
  worker_init: text.nullable().default(""),
  env: environment.default({}),
  node: text.nullable().default(null),
  redis: z
    .strictObject({ url: text.nullable().default(null), interface: text.nullable().default(null) }, mapping)
    .nullable()
    .default(null),
  run_dir: text.nullable().default(null),
};

const submitFields = {
  min_interval: seconds.default(2),
  cmd_timeout: secondsFrom(1).optional(),
  fails_to_pause: wholeNumber(1).default(10),
  start_fails_to_pause: wholeNumber(1).default(3),
};

/** A card of `type: slurm`. */
export const slurmCardSchema = z.strictObject(
  {
    type: z.literal("slurm", { error: "local, slurm or command" }),
    ...pilotFields,
    max_blocks: wholeNumber(1).default(1),
    partition: words.nullable().default(null),
    account: word.nullable().default(null),
    qos: word.nullable().default(null),
    constraint: text.nullable().default(null),
    clusters: words.nullable().default(null),
    reservation: word.nullable().default(null),
    exclude: words.nullable().default(null),
    nodes_per_block: wholeNumber(1).default(1),
    mem_per_node: memory.default(null),
    mem_per_gpu: memory.default(null),
    mem_per_cpu: memory.default(null),
    gpu_type: word.nullable().default(null),
    gpu_request: oneOf("gres", "gpus").default("gres"),
    gres: text.nullable().default(null),
    exclusive: flag.default(false),
    walltime: walltime.default("01:00:00"),
    launcher: text.nullable().default(null),
    scheduler_options: text.nullable().default(""),
    scheduler_options_extra: text.nullable().default(""),
    directives_skip: z.array(word, { error: "a list of names of sbatch options" }).nullable().default(null),
    regex_job_id: text.nullable().default(null),
    cmd_timeout: secondsFrom(1).optional(),
    status_batch_size: wholeNumber(1).default(50),
    status_polling_interval: secondsFrom(60).optional(),
    submit: z.strictObject({ ...submitFields, via: text.nullable().default(null) }, mapping).nullish(),
    status: z
      .strictObject(
        { command: oneOf("auto", "squeue", "sacct").default("auto"), interval: secondsFrom(60).optional() },
        mapping,
      )
      .nullish(),
  },
  mapping,
);

/** A card of `type: command`, for sites without SLURM. */
export const commandCardSchema = z.strictObject(
  {
    type: z.literal("command", { error: "local, slurm or command" }),
    ...pilotFields,
    max_blocks: wholeNumber(1).nullable().default(null),
    launcher: oneOf("command").default("command"),
    command: text,
    hosts: words.nullable().default(null),
    walltime: walltime.default("UNLIMITED"),
    submit: z.strictObject(submitFields, mapping).nullish(),
  },
  mapping,
);

export type SlurmCardFile = z.infer<typeof slurmCardSchema>;
export type CommandCardFile = z.infer<typeof commandCardSchema>;

/** Keys of Parsl's executor that have no meaning here, and what to do instead. */
export const parslKeys: Readonly<Record<string, string>> = {
  address: "workers find the driver through Redis; set redis.interface to choose the network.",
  loopback_address: "workers find the driver through Redis; set redis.interface to choose the network.",
  worker_port_range: "workers open no port; leave it out.",
  worker_ports: "workers open no port; leave it out.",
  cpu_affinity: "the threads of a task stay within cores_per_worker; leave it out.",
  available_accelerators: "set gpus_per_node; every worker gets its own entry of SLURM's mask.",
  prefetch_capacity: "workers take one task at a time; leave it out.",
  heartbeat_period: "heartbeats are fixed at 5 s; leave it out.",
  heartbeat_threshold: "heartbeats are fixed at 5 s; leave it out.",
  drain_period:
    "counts from the start of a block; set drain_before, which counts back from the end of its walltime.",
  encrypted: "set redis.url to a rediss:// address instead.",
  strategy: "scaling follows init_blocks, min_blocks, max_blocks, backlog and parallelism; leave it out.",
};
