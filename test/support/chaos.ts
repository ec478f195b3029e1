/**
 * Kills parts of a sweep on a virtual cluster, one kind at a time: what dies on real clusters, as far as one machine can show it.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { ConnectionFile } from "../../src/queue/redis/connection/redis-address.ts";
import { liveHolderOf } from "../../src/queue/sweep-lock.ts";
import { sweepEventsIn } from "./card-sweep.ts";
import { isRunning, parentOf, taskProcessesOf } from "./processes.ts";
import type { SlurmCluster } from "./slurm-cluster.ts";
import { filesUnder } from "./sweep-folder.ts";

/**
 * `task`: the process of a task. `worker`: a worker, with all that it has started. `scancel`: an allocation. `node`: a node, its
 * daemon with or without the jobs there, called down by the controller. `driver`. `redis`: its server; `redis_data`: the
 * server with its data, or the data alone.
 */
export type Victim = "task" | "worker" | "scancel" | "node" | "driver" | "redis" | "redis_data";
export const victims: readonly Victim[] = [
  "task",
  "worker",
  "scancel",
  "node",
  "driver",
  "redis",
  "redis_data",
];

/** Where the sweep is. */
export interface Battlefield {
  readonly slurm: SlurmCluster;
  /** Working folder of the sweep. */
  readonly place: string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A process that was killed is gone a moment later. */
const diesWithinMs = 300;

/** What was killed, for the list. */
export interface Kill {
  readonly victim: Victim;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** `worker 4711`. */
  readonly what: string;
  /** Process ids of the workers that died of it. */
  readonly workers: readonly number[];
}

/** Kills one; null if there is none of this kind now. */
export const killOne = async (victim: Victim, field: Battlefield): Promise<Kill | null> => {
  const before = workersOf(field);
  const what = await harm[victim](field);
  if (what === null) return null;
  const time = Date.now();
  // Those that are asked to end give their tasks back.
  if (victim !== "worker" && victim !== "node") return { victim, time, what, workers: [] };
  await sleep(diesWithinMs);
  return { victim, time, what, workers: before.filter((pid) => !isRunning(pid)) };
};

const harm: Readonly<Record<Victim, (field: Battlefield) => Promise<string | null>>> = {
  task: async (field) => {
    const pid = pick(workersOf(field).flatMap(taskProcessesOf), field);
    return pid !== null && signal(pid) ? `process ${pid}` : null;
  },
  worker: async (field) => {
    const pid = holderOf(field);
    if (pid === null) return null;
    const tasks = taskProcessesOf(pid);
    signal(pid);
    for (const task of tasks) signal(-task);
    return `worker ${pid}`;
  },
  scancel: async (field) => {
    const id = pick(jobsOf(field, "R"), field);
    if (id === null) return null;
    field.slurm.run("scancel", id);
    return `job ${id}`;
  },
  node: killNode,
  driver: async ({ place }) => {
    const pid = driverOf(place);
    return pid !== null && signal(pid) ? `driver ${pid}` : null;
  },
  redis: async ({ place }) => {
    const pid = redisPidOf(place);
    return pid !== null && signal(pid) ? `redis-server ${pid}` : null;
  },
  redis_data: async (field) => (field.random() < 0.5 ? loseData : flush)(field.place),
};

/** A node dies with its jobs, or loses its daemon while they go on; the controller notices; after a while it is back. */
async function killNode({ slurm, place, random }: Battlefield): Promise<string | null> {
  const node = random() < 0.5 ? "n1" : "n2";
  const daemon = slurm.nodePid(node);
  if (!isRunning(daemon)) return null;
  const takesJobs = random() < 0.5;
  signal(daemon);
  if (takesJobs) for (const pid of processesOn(node, place)) signal(pid);
  slurm.run("scontrol", "update", `nodename=${node}`, "state=down", "reason=chaos");
  slurm.startNodeLater(node, 1000 + 4000 * random());
  return `${node} ${takesJobs ? "with its jobs" : "without its jobs"}`;
}

/** A wait that is longer was not cut short yet. */
const hastenedMs = 20_000;

/** Jobs that were requeued would wait two minutes. */
export const hurryJobs = ({ slurm }: Battlefield): void => {
  try {
    for (const line of slurm.run("squeue", "-h", "-t", "PD", "-o", "%i %r").split("\n")) {
      const [id = "", reason] = line.trim().split(" ");
      if (reason !== "BeginTime") continue;
      const job = slurm.run("scontrol", "-o", "show", "job", id);
      const start = Date.parse(/ EligibleTime=(\S+)/.exec(job)?.[1] ?? "");
      if (start - Date.now() > hastenedMs) slurm.hasten(id);
    }
  } catch {
    // It has just ended, or the controller is busy: the next look will do.
  }
};

/** Processes of the sweep in `place`, by the words of their command lines. */
const processesWith = (...words: readonly string[]): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const line = read(`/proc/${pid}/cmdline`);
      return words.every((word) => line.includes(word)) && isRunning(pid);
    });

/** The worker that began the youngest of the running tasks: it holds it still, as far as anybody can tell. Null: none does. */
const holderOf = (field: Battlefield): number | null => {
  const running = new Map<string, string>();
  for (const event of sweepEventsIn(field.place)) {
    if (event.kind === "task_started") running.set(event.taskId, event.worker);
    else if ("taskId" in event && event.kind !== "progress") running.delete(event.taskId);
  }
  const workers = workersOf(field);
  const holders = [...running.values()].flatMap((name) => workers.filter((pid) => name.includes(`/${pid}/`)));
  return holders.at(-1) ?? null;
};

/** Supervisors of slots on nodes. */
const workersOf = ({ place }: Battlefield): readonly number[] =>
  processesWith("\0worker\0", place).filter((pid) => !read(`/proc/${pid}/cmdline`).startsWith("srun"));

/** What the sweep in `place` has left running. */
export const leftProcessesOf = (place: string): readonly string[] =>
  processesWith(place).map((pid) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " "));

/** Process that drives the sweep; null: none does. */
export const driverOf = (place: string): number | null => {
  const lock = filesUnder(place).find((path) => path.endsWith("/lock.json"));
  return lock === undefined ? null : (liveHolderOf(join(place, lock))?.pid ?? null);
};

const connectionOf = (place: string): ConnectionFile | null => {
  const path = filesUnder(place).find((name) => name.endsWith("/redis.json"));
  const text = path === undefined ? "" : read(join(place, path));
  return text === "" ? null : (JSON.parse(text) as ConnectionFile);
};

const redisPidOf = (place: string): number | null => {
  const dir = connectionOf(place)?.data_dir ?? null;
  const pid = Number(dir === null ? -1 : read(join(dir, "redis.pid")).trim());
  return pid > 0 && isRunning(pid) && read(`/proc/${pid}/cmdline`).includes("redis") ? pid : null;
};

const loseData = async (place: string): Promise<string | null> => {
  const dir = connectionOf(place)?.data_dir ?? null;
  const pid = redisPidOf(place);
  if (dir === null || pid === null) return null;
  signal(pid);
  rmSync(join(dir, "appendonlydir"), { recursive: true, force: true });
  return `redis-server ${pid} with its data`;
};

const flush = async (place: string): Promise<string | null> => {
  const url = connectionOf(place)?.url;
  if (url === undefined || redisPidOf(place) === null) return null;
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.flushall();
    return "FLUSHALL";
  } catch {
    return null;
  } finally {
    client.disconnect();
  }
};

/** Jobs of the cluster in a state (`R`, `PD`). */
const jobsOf = ({ slurm }: Battlefield, state: string): readonly string[] =>
  slurm
    .run("squeue", "-h", "-t", state, "-o", "%i")
    .split("\n")
    .map((line) => line.trim())
    .filter((id) => id !== "");

/** Everything that runs for jobs of the sweep on a node, the shepherds of its jobs included. */
const processesOn = (node: string, place: string): readonly number[] => {
  const own = processesOfJobs().filter((pid) => {
    const environment = read(`/proc/${pid}/environ`);
    return environment.includes(`SLURMD_NODENAME=${node}\0`) && environment.includes(place);
  });
  const shepherds = own
    .flatMap((pid) => parentOf(pid) ?? [])
    .filter((pid) => read(`/proc/${pid}/cmdline`).includes("slurmstepd"));
  return [...new Set([...shepherds, ...own])];
};

const processesOfJobs = (): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => read(`/proc/${pid}/environ`).includes("SLURM_JOB_ID="));

const pick = <Item>(items: readonly Item[], { random }: Battlefield): Item | null =>
  items[Math.floor(random() * items.length)] ?? null;

const signal = (pid: number): boolean => {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
};

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
