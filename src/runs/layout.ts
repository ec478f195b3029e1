/**
 * Where everything lies under `runs/`, whose path is `runsRoot`: the only place that spells these paths. Those under `logs/` are
 * in `src/queue/log-paths.ts`.
 *
 * ```
 * runs/targets/_catalog.jsonl
 * runs/targets/tgt_<id>/   meta.json  data.npz  params.npz  _runs.jsonl  attempt.json  working.json
 * runs/targets/tgt_<id>/run_<sampler>_<id>/   manifest.json  trace.nc  analysis.json  attempt.json  working.json
 *                                             checkpoint.bin  draws.log
 * runs/sweeps/<id>/        plan.json  experiment.yaml  card.yaml  events.jsonl  command.json  driver.log
 *                          redis.json  blocks/
 * ```
 */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { isAbsentError } from "../core/system-error.ts";

/** Absolute paths of the two folders that hold everything a sweep writes but its table. */
export interface Store {
  readonly runs: string;
  readonly logs: string;
}

/** The store below `root`; `storeRoot` is the experiment's `store_root`. */
export const storeAt = (root: string, storeRoot = "runs"): Store => ({
  runs: resolve(root, storeRoot),
  logs: resolve(root, "logs"),
});

/** Names one run. */
export interface RunName {
  /** `tgt_<12 hex>`. */
  readonly targetId: string;
  readonly sampler: string;
  /** 8 hex digits. */
  readonly runId: string;
}

/** Files of one target. */
export interface TargetFiles {
  readonly dir: string;
  /** The target's manifest: what it is and the hashes of its files. */
  readonly meta: string;
  readonly data: string;
  readonly params: string;
  /** One line per run that has ended. */
  readonly runs: string;
}

/** Files of one run. */
export interface RunFiles {
  readonly dir: string;
  readonly manifest: string;
  readonly trace: string;
  readonly analysis: string;
  readonly checkpoint: string;
  /** Draws while sampling; gone when the trace is written. */
  readonly drawLog: string;
}

/** Files of one invocation of a sweep. */
export interface SweepFiles {
  readonly dir: string;
  readonly plan: string;
  readonly experiment: string;
  readonly card: string;
  readonly events: string;
  /** Held by the process that drives the sweep. */
  readonly lock: string;
  /** Where the sweep's Redis is, for workers; holds a password. */
  readonly redis: string;
  /** An address with a password that the command line gave. */
  readonly redisUrl: string;
  /** Scripts and output of allocations, and the list of them. */
  readonly blocks: string;
  /** The command line that started the sweep. */
  readonly command: string;
  /** What a driver in the background prints. */
  readonly driverLog: string;
}

const targetsDir = (runsRoot: string): string => join(runsRoot, "targets");

/** One line per target that was built. */
export const catalogFile = (runsRoot: string): string => join(targetsDir(runsRoot), "_catalog.jsonl");

export const targetFiles = (runsRoot: string, targetId: string): TargetFiles => {
  const dir = join(targetsDir(runsRoot), targetId);
  return {
    dir,
    meta: join(dir, "meta.json"),
    data: join(dir, "data.npz"),
    params: join(dir, "params.npz"),
    runs: join(dir, "_runs.jsonl"),
  };
};

export const runFiles = (runsRoot: string, { targetId, sampler, runId }: RunName): RunFiles => {
  const dir = join(targetsDir(runsRoot), targetId, `run_${sampler}_${runId}`);
  return {
    dir,
    manifest: join(dir, "manifest.json"),
    trace: join(dir, "trace.nc"),
    analysis: join(dir, "analysis.json"),
    checkpoint: join(dir, "checkpoint.bin"),
    drawLog: join(dir, "draws.log"),
  };
};

const sweepsDir = (runsRoot: string): string => join(runsRoot, "sweeps");

export const sweepFiles = (runsRoot: string, sweepId: string): SweepFiles => {
  const dir = join(sweepsDir(runsRoot), sweepId);
  return {
    dir,
    plan: join(dir, "plan.json"),
    experiment: join(dir, "experiment.yaml"),
    card: join(dir, "card.yaml"),
    events: join(dir, "events.jsonl"),
    lock: join(dir, "lock.json"),
    redis: join(dir, "redis.json"),
    redisUrl: join(dir, "redis.url"),
    blocks: join(dir, "blocks"),
    command: join(dir, "command.json"),
    driverLog: join(dir, "driver.log"),
  };
};

const targetName = /^tgt_[0-9a-f]{12}$/;

/** Ids of the targets that have a folder, sorted; none where the store does not exist. */
export const listTargets = (runsRoot: string): string[] =>
  listFolders(targetsDir(runsRoot)).filter((name) => targetName.test(name));

/** Ids of the sweeps that have a folder, sorted. */
export const listSweeps = (runsRoot: string): string[] => listFolders(sweepsDir(runsRoot));

const listFolders = (dir: string): string[] => {
  try {
    const entries = readdirSync(dir, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (isAbsentError(error)) return [];
    throw error;
  }
};
