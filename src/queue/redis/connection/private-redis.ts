/**
 * A Redis of our own for one sweep, for people who have none: `redis-server` from the PATH with a random password, on one
 * interface, with an append-only file on a local disk, kept alive by a process of its own (`keep-redis.ts`), and stopped with
 * the sweep.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFileAtomic } from "../../../core/atomic-write.ts";
import { SweepError } from "../../../core/errors.ts";
import { packageRoot } from "../../../core/package-root.ts";
import { isAliveAndOurs } from "../../../core/process-alive.ts";
import { liveHolderOf } from "../../sweep-lock.ts";
import { bindAddressOf, freePort } from "./bind-address.ts";
import { connectRedis } from "./connect-redis.ts";
import { endLeftover } from "./keep-redis.ts";
import {
  type ConnectionFile,
  parseRedisUrl,
  type RedisAddress,
  readConnectionFile,
} from "./redis-address.ts";
import {
  doorUrl,
  formatRedisConfig,
  type RedisFolder,
  readDoor,
  readText,
  redisFolder,
} from "./redis-folder.ts";

/** Where it listens and lives. */
export interface PrivateRedisOptions {
  /** Name of a network interface (`ib0`) or an address of this machine; null: loopback only. */
  readonly interface: string | null;
  /** Folder on a local disk; null: a new one under the system's temporary folder. Deleted at the end. */
  readonly dataDir: string | null;
  /** Connection file for workers, mode 0600; deleted at the end. Null: none. */
  readonly connectionFile: string | null;
  readonly sweepId: string | null;
  /** Program; default `redis-server`. */
  readonly program?: string;
  /** Ends by itself when neither a driver nor a worker has been connected for so long; default 15 minutes. */
  readonly orphanSec?: number;
  readonly onWarning?: (words: string) => void;
}

/** A running private Redis. */
export interface PrivateRedis {
  readonly address: RedisAddress;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
}

const folderPrefix = "lambda-hat-redis-";
const startTimeoutMs = 10_000;
const stopTimeoutMs = 8000;
/** The keeper is looked after so often. */
const watchEveryMs = 2000;
/** Another process may take a port between the look and the start. */
const maxPorts = 5;
const defaultOrphanSec = 900;

/** @throws SweepError `ENVIRONMENT` if there is no redis-server or if it does not start; `USAGE` for an unknown interface. */
export const startPrivateRedis = async (options: PrivateRedisOptions): Promise<PrivateRedis> => {
  const host = bindAddressOf(options.interface);
  await requireProgram(options.program ?? "redis-server");
  for (let tries = 1; ; tries++) {
    const folder = redisFolder(options.dataDir ?? mkdtempSync(join(tmpdir(), folderPrefix)));
    mkdirSync(folder.dir, { recursive: true });
    chmodSync(folder.dir, 0o700);
    const door = { host, port: await freePort(), password: randomBytes(24).toString("base64url") };
    writeFileSync(folder.config, formatRedisConfig(door, folder), { mode: 0o600 });
    const server = new PrivateServer(options, folder, parseRedisUrl(doorUrl(door), "the private Redis"));
    const problem = await server.start();
    if (problem === null) {
      announce(options, folder, doorUrl(door));
      return server;
    }
    await server.stop();
    if (tries === maxPorts || !/address already in use/i.test(problem.message)) throw problem;
  }
};

/**
 * The private Redis that an earlier driver of this sweep has left when it was killed, as its connection file says: running, or
 * as data on this host. Null if there is none or it cannot be had.
 */
export const adoptPrivateRedis = async (
  connectionFile: string,
  options: Pick<PrivateRedisOptions, "program" | "orphanSec" | "onWarning"> = {},
): Promise<PrivateRedis | null> => {
  if (!existsSync(connectionFile)) return null;
  const { url, is_private: isPrivate, host, data_dir: dataDir } = readConnectionFile(connectionFile);
  if (!isPrivate) return null;
  const address = parseRedisUrl(url, connectionFile);
  if (host !== hostname() || dataDir === null) return await adoptElsewhere(address, connectionFile);
  const folder = redisFolder(dataDir);
  if (readDoor(folder) === null) return null;
  const server = new PrivateServer({ ...options, connectionFile }, folder, address);
  return (await server.start()) === null ? server : null;
};

/** Its keeper is out of reach; it ends when it is told to, and by itself when nobody uses it. */
const adoptElsewhere = async (
  address: RedisAddress,
  connectionFile: string,
): Promise<PrivateRedis | null> => {
  const connect = () => connectRedis(address, { requireAuthentication: false }).catch(() => null);
  const probe = await connect();
  probe?.disconnect();
  if (probe === null) return null;
  const stop = async (): Promise<void> => {
    const client = await connect();
    client?.shutdown("NOSAVE").catch(() => {}); // the answer is the end of the connection
    if (client !== null) await new Promise((resolve) => client.once("close", resolve));
    client?.disconnect();
    rmSync(connectionFile, { force: true });
  };
  return { address, stop };
};

type ServerOptions = Pick<PrivateRedisOptions, "program" | "orphanSec" | "onWarning" | "connectionFile">;

/** One on this host, with its folder. */
class PrivateServer implements PrivateRedis {
  readonly address: RedisAddress;
  readonly #options: ServerOptions;
  readonly #folder: RedisFolder;
  #watch: NodeJS.Timeout | null = null;
  /** The keeper that was started last; it takes its lock a moment later. */
  #started: ChildProcess | null = null;

  constructor(options: ServerOptions, folder: RedisFolder, address: RedisAddress) {
    this.#options = options;
    this.#folder = folder;
    this.address = address;
  }

  /** Starts a keeper if there is none, and waits until Redis answers. Null: it does. Else what went wrong. */
  async start(): Promise<SweepError | null> {
    const problem = await this.#untilReady(this.#keeperPid === null ? this.#startKeeper() : null);
    if (problem !== null) return problem;
    this.#watch = setInterval(() => this.#keepKeeper(), watchEveryMs);
    this.#watch.unref();
    return null;
  }

  async stop(): Promise<void> {
    if (this.#watch !== null) clearInterval(this.#watch);
    const end = Date.now() + stopTimeoutMs;
    let keeper: number | null = null;
    for (let pid = this.#livingPid; pid !== null; pid = this.#livingPid) {
      keeper = pid;
      signal(pid, Date.now() < end ? "SIGTERM" : "SIGKILL");
      await sleep(20);
    }
    // It gives its lock back a moment before it is gone.
    while (keeper !== null && isAliveAndOurs(keeper) && Date.now() < end) await sleep(20);
    await endLeftover(this.#folder); // of a keeper that was killed
    const { connectionFile } = this.#options;
    if (connectionFile !== null) rmSync(connectionFile, { force: true });
    rmSync(this.#folder.dir, { recursive: true, force: true });
  }

  get #keeperPid(): number | null {
    return liveHolderOf(this.#folder.keeperLock)?.pid ?? null;
  }

  /** A keeper, or one that is about to be. */
  get #livingPid(): number | null {
    return this.#keeperPid ?? (this.#isStarting ? (this.#started?.pid ?? null) : null);
  }

  get #isStarting(): boolean {
    const child = this.#started;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  /** Resolves with its exit code, if it ends while this process lives. */
  #startKeeper(): Promise<number | null> {
    const { program = "redis-server", orphanSec = defaultOrphanSec } = this.#options;
    const script = join(packageRoot, "dist", "workers", "redis-keeper.js");
    const args = [script, this.#folder.dir, program, String(orphanSec)];
    const child = spawn(process.execPath, args, { detached: true, stdio: "ignore" });
    child.unref();
    this.#started = child;
    return new Promise((resolve) => {
      child.once("error", () => resolve(null));
      child.once("exit", (code) => resolve(code));
    });
  }

  #keepKeeper(): void {
    if (this.#livingPid !== null || !existsSync(this.#folder.config)) return;
    this.#options.onWarning?.("the process that keeps the private Redis ended; it is started again");
    void this.#startKeeper();
  }

  async #untilReady(keeperEnd: Promise<number | null> | null): Promise<SweepError | null> {
    let hasEnded = false;
    void keeperEnd?.then(() => (hasEnded = true));
    const end = Date.now() + startTimeoutMs;
    for (;;) {
      const client = await connectRedis(this.address, { requireAuthentication: false }).catch(() => null);
      client?.disconnect();
      if (client !== null) return null;
      if (hasEnded || Date.now() > end) return this.#notStarted();
      await sleep(20);
    }
  }

  #notStarted(): SweepError {
    const log = readText(this.#folder.log).trim().split("\n").slice(-5).join("\n");
    return new SweepError("ENVIRONMENT", `redis-server ended at once. Its log ends in:\n${log}`, {
      retryable: true,
    });
  }
}

const announce = (
  { connectionFile, sweepId }: PrivateRedisOptions,
  folder: RedisFolder,
  url: string,
): void => {
  if (connectionFile === null) return;
  writeConnectionFile(connectionFile, {
    v: 1,
    url,
    sweep_id: sweepId,
    started_at: new Date().toISOString(),
    pid: process.pid,
    host: hostname(),
    is_private: true,
    data_dir: folder.dir,
  });
};

/** Writes a connection file that only its owner can read. */
export const writeConnectionFile = (path: string, content: ConnectionFile): void => {
  writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`, 0o600);
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
};

const requireProgram = (program: string): Promise<void> =>
  new Promise((resolve, reject) => {
    execFile(program, ["--version"], (error) => {
      if (error === null) resolve();
      else reject(notInstalled(program, error as NodeJS.ErrnoException));
    });
  });

const notInstalled = (program: string, cause: NodeJS.ErrnoException): SweepError => {
  if (cause.code !== "ENOENT")
    return new SweepError("ENVIRONMENT", `${program} could not be started: ${cause.message}.`, { cause });
  const install =
    "Install it (Debian, Ubuntu: apt install redis-server; conda install -c conda-forge redis-server)";
  return new SweepError(
    "ENVIRONMENT",
    `there is no ${program} on the PATH. ${install}, or give the address of a Redis that runs: --redis URL.`,
    { cause },
  );
};
