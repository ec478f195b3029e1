/**
 * A Redis of our own for one sweep, for people who have none: `redis-server` from the PATH with a random password, on one
 * interface, with an append-only file on a local disk, started again if it dies, and stopped with the sweep.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../../core/atomic-write.ts";
import { messageOf, SweepError } from "../../core/errors.ts";
import { connectRedis } from "./connect-redis.ts";
import {
  type ConnectionFile,
  parseRedisUrl,
  type RedisAddress,
  readConnectionFile,
} from "./redis-address.ts";

/** Where it listens and lives. */
export interface PrivateRedisOptions {
  /** Name of a network interface (`ib0`) or an address of this machine; null: loopback only. */
  readonly interface: string | null;
  /** Folder on a local disk; null: a new one under the system's temporary folder, deleted at the end. */
  readonly dataDir: string | null;
  /** Connection file for workers, mode 0600; deleted at the end. Null: none. */
  readonly connectionFile: string | null;
  readonly sweepId: string | null;
  /** Program; default `redis-server`. */
  readonly program?: string;
  readonly onWarning?: (words: string) => void;
}

/** A running private Redis. */
export interface PrivateRedis {
  readonly address: RedisAddress;
  readonly pid: number;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
}

/** A server that dies is started again at most so often. */
const maxRestarts = 20;
/** Of folders that are deleted with the server. */
const folderPrefix = "lambda-hat-redis-";
const startTimeoutMs = 10_000;
const stopTimeoutMs = 5000;

/** @throws SweepError `ENVIRONMENT` if there is no redis-server or if it does not start; `USAGE` for an unknown interface. */
export const startPrivateRedis = async (options: PrivateRedisOptions): Promise<PrivateRedis> => {
  const server = new PrivateServer(options, bindAddressOf(options.interface), await freePort());
  await server.start();
  return server;
};

/**
 * The private Redis that a driver has left running when it was killed, as its connection file says; null if there is none
 * or it does not answer.
 */
export const adoptPrivateRedis = async (connectionFile: string): Promise<PrivateRedis | null> => {
  if (!existsSync(connectionFile)) return null;
  const { url, is_private: isPrivate } = readConnectionFile(connectionFile);
  if (!isPrivate) return null;
  const address = parseRedisUrl(url, connectionFile);
  const client = await connectRedis(address, { requireAuthentication: false }).catch(() => null);
  if (client === null) return null;
  const pid = Number(/^process_id:(\d+)/m.exec(await client.info("server"))?.[1] ?? -1);
  const [, folder = ""] = (await client.config("GET", "dir")) as string[];
  client.disconnect();
  return { address, pid, stop: () => stopAdopted(address, { folder, connectionFile }) };
};

const stopAdopted = async (
  address: RedisAddress,
  { folder, connectionFile }: { folder: string; connectionFile: string },
): Promise<void> => {
  const client = await connectRedis(address, { requireAuthentication: false }).catch(() => null);
  client?.shutdown("NOSAVE").catch(() => {}); // the answer is the end of the connection
  if (client !== null) await new Promise((resolve) => client.once("close", resolve));
  client?.disconnect();
  rmSync(connectionFile, { force: true });
  if (folder.includes(folderPrefix)) rmSync(folder, { recursive: true, force: true });
};

class PrivateServer implements PrivateRedis {
  readonly address: RedisAddress;
  readonly #options: PrivateRedisOptions;
  readonly #url: string;
  readonly #folder: string;
  readonly #configFile: string;
  #child: ChildProcess | null = null;
  #isStopping = false;
  #numRestarts = 0;

  constructor(options: PrivateRedisOptions, host: string, port: number) {
    this.#options = options;
    this.#folder = options.dataDir ?? mkdtempSync(join(tmpdir(), folderPrefix));
    chmodSync(this.#folder, 0o700);
    const password = randomBytes(24).toString("base64url");
    this.#url = `redis://:${password}@${host.includes(":") ? `[${host}]` : host}:${port}`;
    this.address = parseRedisUrl(this.#url, "the private Redis");
    this.#configFile = join(this.#folder, "redis.conf");
    // A file, because the arguments of a process can be read by every user of the machine.
    writeFileSync(this.#configFile, configText({ host, port, password, folder: this.#folder }), {
      mode: 0o600,
    });
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  async start(): Promise<void> {
    try {
      await this.#launch();
      await this.#untilReady();
    } catch (error) {
      await this.stop();
      throw error;
    }
    const { connectionFile, sweepId } = this.#options;
    if (connectionFile === null) return;
    const content: ConnectionFile = {
      v: 1,
      url: this.#url,
      sweep_id: sweepId,
      started_at: new Date().toISOString(),
      pid: process.pid,
      host: hostname(),
      is_private: true,
    };
    writeConnectionFile(connectionFile, content);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
      await exited;
      clearTimeout(late);
    }
    const { connectionFile, dataDir } = this.#options;
    if (connectionFile !== null) rmSync(connectionFile, { force: true });
    if (dataDir === null) rmSync(this.#folder, { recursive: true, force: true });
    else rmSync(this.#configFile, { force: true });
  }

  async #launch(): Promise<void> {
    const program = this.#options.program ?? "redis-server";
    // A group of its own: Ctrl-C in the terminal is for the driver, which ends the sweep first.
    const child = spawn(program, [this.#configFile], { stdio: "ignore", detached: true });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (cause) => reject(notInstalled(program, cause)));
    });
    child.once("exit", (code, signal) => this.#onExit(code, signal));
  }

  #onExit(code: number | null, signal: string | null): void {
    if (this.#isStopping || this.#numRestarts >= maxRestarts) return;
    this.#numRestarts++;
    this.#options.onWarning?.(
      `the private Redis ended (${signal ?? `exit code ${code}`}); it is started again`,
    );
    const delayMs = Math.min(5000, 100 * 2 ** this.#numRestarts);
    setTimeout(() => {
      if (!this.#isStopping)
        this.#launch().catch((error: unknown) => this.#options.onWarning?.(messageOf(error)));
    }, delayMs);
  }

  async #untilReady(): Promise<void> {
    const end = Date.now() + startTimeoutMs;
    for (;;) {
      if (this.#child?.exitCode !== null && this.#child?.exitCode !== undefined) throw this.#notStarted();
      try {
        const client = await connectRedis(this.address, { requireAuthentication: false });
        client.disconnect();
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #notStarted(): SweepError {
    const log = readText(join(this.#folder, "redis.log")).trim().split("\n").slice(-5).join("\n");
    this.#isStopping = true;
    return new SweepError("ENVIRONMENT", `redis-server ended at once. Its log ends in:\n${log}`, {
      retryable: true,
    });
  }
}

const configText = (options: { host: string; port: number; password: string; folder: string }): string =>
  [
    `bind ${options.host}`,
    `port ${options.port}`,
    `requirepass ${options.password}`,
    "protected-mode yes",
    `dir "${options.folder}"`,
    `logfile "${join(options.folder, "redis.log")}"`,
    'save ""',
    "appendonly yes",
    "appendfsync everysec",
    "maxmemory-policy noeviction",
    "tcp-keepalive 60",
    "daemonize no",
    "",
  ].join("\n");

/** Writes a connection file that only its owner can read. */
export const writeConnectionFile = (path: string, content: ConnectionFile): void => {
  writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`, 0o600);
};

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

const bindAddressOf = (name: string | null): string => {
  if (name === null) return "127.0.0.1";
  const interfaces = networkInterfaces();
  const all = Object.entries(interfaces).flatMap(([key, entries = []]) =>
    entries.map((entry) => ({ key, address: entry.address, family: entry.family })),
  );
  const found =
    all.find(({ address }) => address === name) ??
    all.find(({ key, family }) => key === name && family === "IPv4");
  if (found !== undefined) return found.address;
  const known = all.map(({ key, address }) => `${key} (${address})`).join(", ");
  throw new SweepError(
    "USAGE",
    `"${name}" is no network interface and no address of this machine. There are: ${known}.`,
  );
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
