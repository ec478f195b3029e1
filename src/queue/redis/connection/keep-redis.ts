/**
 * Keeps the redis-server of a private Redis, in a process of its own, so that it neither dies with the driver of its sweep
 * nor outlives it for ever.
 *
 * serving   redis-server runs as a child; when it dies it is started again, with its data
 * ended     on SIGTERM (by the driver, when the sweep is over), after SHUTDOWN by somebody else, when redis-server cannot be
 *           kept alive, or when nobody has been connected for long: no driver, no worker. Then the data stay on disk for a
 *           driver that comes later
 */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isAliveAndOurs } from "../../../core/process-alive.ts";
import { readTextOrNull } from "../../../core/read-text.ts";
import { acquireSweepLock } from "../../sweep-lock.ts";
import { connectRedis } from "./connect-redis.ts";
import { type RedisFolder, readDoor, readText, redisFolder } from "./redis-folder.ts";

/** What to keep. */
export interface KeepRedisOptions {
  readonly dir: string;
  /** `redis-server`, or its path. */
  readonly program: string;
  /** It ends when nobody has been connected for so long. */
  readonly orphanSec: number;
}

/** A server that dies so soon after its start has failed to start. */
const quickDeathMs = 10_000;
/** Failures to start in a row after which it is given up. */
const maxFailures = 20;
const stopTimeoutMs = 5000;

/** Exit code of a keeper whose redis-server ended before it served at all. */
export const neverServedCode = 3;

/** Serves until it is over; the exit code of the process. @throws SweepError `BUSY` if the folder has a keeper. */
export const keepRedis = async (options: KeepRedisOptions): Promise<number> => {
  const folder = redisFolder(options.dir);
  const lock = acquireSweepLock(folder.keeperLock);
  try {
    await endLeftover(folder);
    return await new Keeper(options, folder).run();
  } finally {
    lock.release();
  }
};

class Keeper {
  readonly #options: KeepRedisOptions;
  readonly #folder: RedisFolder;
  readonly #over = new AbortController();
  #child: ChildProcess | null = null;

  constructor(options: KeepRedisOptions, folder: RedisFolder) {
    this.#options = options;
    this.#folder = folder;
  }

  async run(): Promise<number> {
    const end = (): void => this.#end("asked to end");
    process.on("SIGTERM", end);
    const watch = this.#watchOrphan();
    let hasServed = false;
    for (let failures = 0; !this.#over.signal.aborted; ) {
      const startedAt = performance.now();
      const how = await this.#serve();
      if (how === "exit code 0" && !this.#over.signal.aborted) {
        this.#end("redis-server was told to shut down"); // by a driver on another host, for which its files are out of reach
        rmSync(this.#folder.dir, { recursive: true, force: true });
      }
      const lifeMs = performance.now() - startedAt;
      if (!hasServed && lifeMs < 1000 && !this.#over.signal.aborted) return neverServedCode;
      hasServed = true;
      failures = lifeMs < quickDeathMs ? failures + 1 : 1;
      if (failures > maxFailures) this.#end(`redis-server does not stay alive (${how})`);
      if (this.#over.signal.aborted) break;
      this.#log(`redis-server ended (${how}); it is started again`);
      await sleep(Math.min(5000, 50 * 2 ** failures), null, { signal: this.#over.signal }).catch(() => {});
    }
    await watch;
    process.off("SIGTERM", end);
    return 0;
  }

  /** One life of the server; how it ended. */
  #serve(): Promise<string> {
    const child = spawn(this.#options.program, [this.#folder.config], { stdio: "ignore" });
    this.#child = child;
    return new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
    });
  }

  #end(why: string): void {
    if (this.#over.signal.aborted) return;
    this.#log(why);
    this.#over.abort();
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    child.once("exit", () => clearTimeout(late));
  }

  async #watchOrphan(): Promise<void> {
    const { orphanSec } = this.#options;
    const everyMs = Math.min(60_000, (orphanSec * 1000) / 4);
    let usedAt = performance.now();
    for (;;) {
      await sleep(everyMs, null, { signal: this.#over.signal }).catch(() => {});
      if (this.#over.signal.aborted) return;
      if (await this.#isUsed()) usedAt = performance.now();
      else if (performance.now() - usedAt >= orphanSec * 1000)
        this.#end(`neither a driver nor a worker was connected for ${orphanSec} s; the data stay here`);
    }
  }

  /** True if anybody else is connected. */
  async #isUsed(): Promise<boolean> {
    const address = readDoor(this.#folder);
    if (address === null) return false;
    const client = await connectRedis(address, { requireAuthentication: false }).catch(() => null);
    const info = await client?.info("clients").catch(() => "");
    client?.disconnect();
    return Number(/^connected_clients:(\d+)/m.exec(info ?? "")?.[1] ?? 0) > 1;
  }

  #log(words: string): void {
    try {
      appendFileSync(this.#folder.keeperLog, `${new Date().toISOString()} ${words}\n`);
    } catch {
      // The folder was removed: the sweep is over.
    }
  }
}

/** Ends the server of a keeper that was killed: the next one must have it as a child, to see it die. */
export const endLeftover = async (folder: RedisFolder): Promise<void> => {
  const pid = Number(readText(folder.pid).trim());
  if (!(pid > 0) || !isRedis(pid)) return;
  signal(pid, "SIGTERM");
  const end = performance.now() + stopTimeoutMs;
  while (isRedis(pid)) {
    if (performance.now() > end) signal(pid, "SIGKILL");
    await sleep(20);
  }
};

/** True if the process lives and, where that can be seen, is a redis-server. */
const isRedis = (pid: number): boolean => {
  if (!isAliveAndOurs(pid)) return false;
  return readTextOrNull(`/proc/${pid}/cmdline`)?.includes("redis") ?? process.platform !== "linux";
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
};
