/** A real redis-server for tests: on a unix socket in a folder of its own, without persistence, stopped by its id. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

/** True if redis-server is on the PATH; tests are skipped otherwise. */
export const hasRedisServer = ((): boolean => {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** A running server. */
export interface TestRedis {
  readonly socket: string;
  /** A new connection; closed by `stop` if not before. */
  connect(): Redis;
  /** Kills the server, and starts it again on the same socket, with or without its data. */
  restart(options: { keepData: boolean; downMs?: number }): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server and waits until it answers. `persist`: keeps an append-only file. */
export const startRedis = async (options: { persist?: boolean } = {}): Promise<TestRedis> => {
  const folder = mkdtempSync(join(tmpdir(), "lh-redis-"));
  const socket = join(folder, "s");
  const clients: Redis[] = [];
  let server = await launch(folder, socket, options.persist ?? false);
  return {
    socket,
    connect: () => {
      const client = new Redis({ path: socket, maxRetriesPerRequest: null });
      client.on("error", () => {});
      clients.push(client);
      return client;
    },
    restart: async ({ keepData, downMs = 0 }) => {
      await end(server);
      if (!keepData) rmSync(join(folder, "appendonlydir"), { recursive: true, force: true });
      await new Promise((resolve) => setTimeout(resolve, downMs));
      server = await launch(folder, socket, options.persist ?? false);
    },
    stop: async () => {
      for (const client of clients) client.disconnect();
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const launch = async (folder: string, socket: string, persist: boolean): Promise<ChildProcess> => {
  rmSync(socket, { force: true });
  const args = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", ""];
  const server = spawn("redis-server", [...args, "--appendonly", persist ? "yes" : "no"], {
    stdio: "ignore",
  });
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries > 500 || server.exitCode !== null) throw new Error("redis-server did not start");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return server;
};

const end = (server: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode !== null) {
      resolve();
      return;
    }
    server.once("exit", () => resolve());
    server.kill("SIGKILL");
  });
