/** What a worker would find on the node where this runs; plain JSON, written by `card report` for `card probe`. */
import { execFileSync } from "node:child_process";
import { statfsSync } from "node:fs";
import { createConnection } from "node:net";
import { availableParallelism, freemem, hostname, tmpdir, totalmem } from "node:os";
import { messageOf } from "../../core/errors.ts";
import { probeBackends } from "../../tasks/probe-backends.ts";

/** Facts about one node. */
export interface NodeReport {
  readonly host: string;
  readonly slurm_job: string | null;
  readonly slurm_node: string | null;
  readonly cores: number;
  readonly memory_mib: number;
  readonly free_memory_mib: number;
  readonly temporary_folder: string;
  readonly temporary_free_mib: number | null;
  readonly node_version: string;
  readonly node_path: string;
  /** Null: not set. */
  readonly cuda_visible_devices: string | null;
  /** Lines of `nvidia-smi -L`; empty: none, or no such program. */
  readonly gpus: readonly string[];
  /** Seconds since 1970; null: SLURM does not say. */
  readonly ends_at: number | null;
  readonly backends: readonly {
    readonly name: string;
    readonly is_usable: boolean;
    readonly detail: string;
  }[];
  /** The way to Redis: to that of the card, or to the driver's machine, where a sweep starts its own. */
  readonly driver: {
    readonly address: string;
    readonly is_reachable: boolean;
    readonly detail: string;
  } | null;
}

const dialTimeoutMs = 10_000;

/** Looks around. `dial`: `host:port` or the path of a socket on the way to Redis; null: not tried. */
export const reportNode = async (dial: string | null): Promise<NodeReport> => {
  const { env } = process;
  const backends = await probeBackends(() => {});
  const end = Number(env["SLURM_JOB_END_TIME"] ?? Number.NaN);
  return {
    host: hostname(),
    slurm_job: env["SLURM_JOB_ID"] ?? null,
    slurm_node: env["SLURMD_NODENAME"] ?? null,
    cores: availableParallelism(),
    memory_mib: Math.round(totalmem() / 2 ** 20),
    free_memory_mib: Math.round(freemem() / 2 ** 20),
    temporary_folder: tmpdir(),
    temporary_free_mib: freeMiB(tmpdir()),
    node_version: process.version,
    node_path: process.execPath,
    cuda_visible_devices: env["CUDA_VISIBLE_DEVICES"] ?? null,
    gpus: listGpus(),
    ends_at: Number.isFinite(end) ? end : null,
    backends: backends.map(({ name, isUsable, detail }) => ({ name, is_usable: isUsable, detail })),
    driver: dial === null ? null : await dialDriver(dial),
  };
};

const freeMiB = (folder: string): number | null => {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return Math.round((bavail * bsize) / 2 ** 20);
  } catch {
    return null;
  }
};

const listGpus = (): readonly string[] => {
  try {
    const output = execFileSync("nvidia-smi", ["-L"], { encoding: "utf8", timeout: 20_000, stdio: "pipe" });
    return output.trim().split("\n");
  } catch {
    return [];
  }
};

const dialDriver = async (address: string): Promise<NonNullable<NodeReport["driver"]>> => {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
  const start = performance.now();
  return await new Promise((resolve) => {
    const socket = createConnection(host === undefined ? { path: address } : { host, port: Number(port) });
    socket.setTimeout(dialTimeoutMs);
    const end = (isReachable: boolean, detail: string): void => {
      socket.destroy();
      resolve({ address, is_reachable: isReachable, detail });
    };
    socket.once("connect", () => end(true, `${(performance.now() - start).toFixed(1)} ms`));
    socket.once("timeout", () => end(false, `no answer within ${dialTimeoutMs / 1000} s`));
    socket.once("error", (error) => end(false, messageOf(error)));
  });
};
