/** A private Redis with a real redis-server: who may get in, what it leaves behind, and what is said when it fails. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { connectRedis, type RedisClient } from "../../src/queue/redis/connection/connect-redis.ts";
import { adoptPrivateRedis, startPrivateRedis } from "../../src/queue/redis/connection/private-redis.ts";
import {
  parseRedisUrl,
  readConnectionFile,
  redisUrlOf,
  resolveRedisAddress,
} from "../../src/queue/redis/connection/redis-address.ts";
import { isRunning, parentOf, until } from "../support/processes.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const options = { interface: null, dataDir: null, sweepId: "swp_0123456789ab" };

const canRun = hasRedisServer && existsSync(join(packageRoot, "dist", "workers", "redis-keeper.js"));

describe.skipIf(!canRun)("private Redis (needs redis-server and a build)", () => {
  it("lets in who has read the connection file, nobody else, and leaves nothing behind", async () => {
    const connectionFile = join(temporaryFolder(), "redis.json");
    const server = await startPrivateRedis({ ...options, connectionFile });
    try {
      expect(statSync(connectionFile).mode & 0o777).toBe(0o600);
      const found = resolveRedisAddress({ redis: null, connection: connectionFile, env: {} });
      expect(found?.sweepId).toBe(options.sweepId);
      const client = await connectRedis(found?.address ?? server.address, { requireAuthentication: true });
      expect(await client.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
      expect(await client.config("GET", "appendonly")).toEqual(["appendonly", "yes"]);
      client.disconnect();
      for (const password of [null, "wrong"]) {
        const stranger = connectRedis({ ...server.address, password }, { requireAuthentication: false });
        await expect(stranger).rejects.toMatchObject({
          code: "ENVIRONMENT",
          message: expect.stringContaining("does not accept this user and password"),
        });
      }
    } finally {
      await server.stop();
    }
    expect(existsSync(connectionFile)).toBe(false);
    await expect(connectRedis(server.address, { requireAuthentication: false })).rejects.toThrow(
      /cannot be reached/,
    );
  });

  /** Process ids of a server and of the process that keeps it. */
  const pidsOf = async (client: RedisClient): Promise<{ redis: number; keeper: number }> => {
    const redis = Number(/^process_id:(\d+)/m.exec(await client.info("server"))?.[1]);
    return { redis, keeper: parentOf(redis) ?? -1 };
  };

  it("is started again with its data when it, or the process that keeps it, is killed", async () => {
    const server = await startPrivateRedis({ ...options, connectionFile: null });
    const client = await connectRedis(server.address, { requireAuthentication: true });
    try {
      await client.set("kept", "yes");
      await new Promise((resolve) => setTimeout(resolve, 1200)); // appendfsync everysec
      const first = await pidsOf(client);
      process.kill(first.redis, "SIGKILL");
      expect(await client.get("kept")).toBe("yes");
      const second = await pidsOf(client);
      expect(second.redis).not.toBe(first.redis);
      expect(second.keeper).toBe(first.keeper);
      process.kill(second.keeper, "SIGKILL");
      await until("it has another keeper", () => !isRunning(second.redis));
      expect(await client.get("kept")).toBe("yes");
      const { redis, keeper } = await pidsOf(client);
      await server.stop();
      expect([redis, keeper].filter(isRunning)).toEqual([]);
    } finally {
      client.disconnect();
      await server.stop();
    }
  });

  it("stopped while a new keeper is being started, leaves neither a process nor its folder", async () => {
    const dataDir = join(temporaryFolder(), "data");
    const stopped: Promise<void>[] = [];
    const server = await startPrivateRedis({
      ...options,
      connectionFile: null,
      dataDir,
      // Right after the new keeper was started.
      onWarning: () => queueMicrotask(() => void stopped.push(server.stop())),
    });
    const client = await connectRedis(server.address, { requireAuthentication: true });
    const { keeper, redis } = await pidsOf(client);
    client.disconnect();
    process.kill(keeper, "SIGKILL");
    await until("its end was noticed", () => stopped.length > 0);
    await Promise.all(stopped);
    expect(existsSync(dataDir)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 1500)); // a keeper that lives would have made it again
    expect({ folder: existsSync(dataDir), redis: isRunning(redis) }).toEqual({ folder: false, redis: false });
  });

  it("ends by itself when nobody has been connected for long; a driver that comes later finds its data, address and password", async () => {
    const connectionFile = join(temporaryFolder(), "redis.json");
    const server = await startPrivateRedis({ ...options, connectionFile, orphanSec: 3 });
    const client = await connectRedis(server.address, { requireAuthentication: true });
    await client.set("kept", "yes");
    const { redis, keeper } = await pidsOf(client);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect([redis, keeper].every(isRunning)).toBe(true); // somebody is connected
    client.disconnect();
    await until("it has ended", () => ![redis, keeper].some(isRunning));
    const again = await adoptPrivateRedis(connectionFile);
    if (again === null) throw new Error("it was not taken up");
    try {
      expect(again.address).toEqual(server.address);
      const late = await connectRedis(again.address, { requireAuthentication: true });
      expect(await late.get("kept")).toBe("yes");
      late.disconnect();
    } finally {
      await again.stop();
    }
    expect(existsSync(connectionFile)).toBe(false);
  });

  it("that cannot be had any more is replaced: nothing is adopted without its folder", async () => {
    const connectionFile = join(temporaryFolder(), "redis.json");
    const server = await startPrivateRedis({ ...options, connectionFile });
    const text = readFileSync(connectionFile);
    await server.stop();
    writeFileSync(connectionFile, text, { mode: 0o600 });
    expect(await adoptPrivateRedis(connectionFile)).toBeNull();
  });

  it("says how to install redis-server where there is none", async () => {
    const start = startPrivateRedis({ ...options, connectionFile: null, program: "no-redis-server-here" });
    await expect(start).rejects.toMatchObject({
      code: "ENVIRONMENT",
      message: expect.stringMatching(
        /there is no no-redis-server-here on the PATH\. Install it .*--redis URL/,
      ),
    });
  });

  it("lists the interfaces when one is unknown", async () => {
    await expect(
      startPrivateRedis({ ...options, connectionFile: null, interface: "ib9" }),
    ).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("lo (127.0.0.1)"),
    });
  });

  it("workers refuse a Redis on a network that lets everybody in", async () => {
    const server = await startPrivateRedis({ ...options, connectionFile: null });
    try {
      const admin = await connectRedis(server.address, { requireAuthentication: false });
      await admin.config("SET", "requirepass", "");
      await admin.config("SET", "protected-mode", "no");
      await admin.config("SET", "bind", "* -::*");
      admin.disconnect();
      const { port } = server.address.at as { port: number };
      const open = { ...server.address, password: null, at: { host: "0.0.0.0", port } };
      await expect(connectRedis(open, { requireAuthentication: true })).rejects.toMatchObject({
        code: "ENVIRONMENT",
        message: expect.stringContaining("lets everybody in"),
      });
    } finally {
      await server.stop();
    }
  });
});

describe("address of a Redis", () => {
  it("reads URLs of every kind and shows them without secrets", () => {
    expect(parseRedisUrl("rediss://me:p%40ss@redis.example:7000/3", "--redis")).toEqual({
      at: { host: "redis.example", port: 7000 },
      tls: { ca: null, cert: null, key: null },
      username: "me",
      password: "p@ss",
      database: 3,
    });
    expect(parseRedisUrl("unix:///run/redis.sock", "--redis").at).toEqual({ path: "/run/redis.sock" });
    expect(parseRedisUrl("redis://[::1]", "--redis").at).toEqual({ host: "::1", port: 6379 });
  });

  it("an address is the same after it was written to a connection file", () => {
    for (const text of [
      "unix:///run/a%20b.sock?db=2&user=me&password=p%40%25s",
      "unix:///run/redis.sock",
      "redis://:p%40ss%2F%25@host:1/3",
      "rediss://a:b@[::1]:9/0",
      "rediss://a:b@host/0?ca=/etc/a%20b.pem&cert=/c.pem&key=/k.pem",
      "redis://host",
    ]) {
      const address = parseRedisUrl(text, "test");
      expect(parseRedisUrl(redisUrlOf(address), "file")).toEqual(address);
    }
  });

  it("refuses what is no address without repeating it", () => {
    for (const text of [
      "http://user:secret@host",
      "redis://",
      "unix://",
      "redis://h/secret",
      "secret",
      "redis://h?ca=/c",
      "rediss://h?cert=/c",
      "unix:///s?ca=/c",
    ]) {
      expect(() => parseRedisUrl(text, "--redis")).toThrow(/^the Redis address in --redis (?!.*secret@)/);
    }
  });

  it("refuses a connection file that others may read", () => {
    const path = join(temporaryFolder(), "redis.json");
    writeFileSync(path, "{}");
    chmodSync(path, 0o644);
    expect(() => readConnectionFile(path)).toThrow(/expected mode 0600/);
  });

  it("is also read from a file that holds just a URL, of mode 0600, and is then no connection file of a driver", () => {
    const path = join(temporaryFolder(), "address");
    writeFileSync(path, "redis://:secret@h:7000/2\n", { mode: 0o600 });
    const byOption = resolveRedisAddress({ redis: path, connection: null, env: {} });
    expect(byOption).toMatchObject({
      address: { password: "secret", database: 2 },
      sweepId: null,
      file: null,
    });
    expect(resolveRedisAddress({ redis: null, connection: null, env: { LAMBDA_HAT_REDIS: path } })).toEqual(
      byOption,
    );
    chmodSync(path, 0o640);
    const reading = (): unknown => resolveRedisAddress({ redis: path, connection: null, env: {} });
    expect(reading).toThrow(/may be read by others; expected mode 0600\. Run: chmod 600/);
  });

  it("says that nobody answers, with the address but not the password", async () => {
    const address = parseRedisUrl("redis://:secret@127.0.0.1:1", "--redis");
    const connecting = connectRedis(address, { requireAuthentication: true });
    await expect(connecting).rejects.toMatchObject({ code: "ENVIRONMENT" });
    await connecting.catch((error: Error) => {
      expect(error.message).toContain("redis://127.0.0.1:1 cannot be reached");
      expect(error.message).not.toContain("secret");
    });
  });
});
