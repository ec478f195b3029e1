/**
 * The folder of a private Redis, on a local disk and for its owner alone: `redis.conf` with its password, its append-only
 * file, `redis.log`, `redis.pid`, and `keeper.lock`, which names the process that keeps it (`keep-redis.ts`).
 */
import { join } from "node:path";
import { readTextOrNull } from "../../../core/read-text.ts";
import { parseRedisUrl, type RedisAddress } from "./redis-address.ts";

/** Where it listens, and who may come in. */
export interface RedisDoor {
  readonly host: string;
  readonly port: number;
  readonly password: string;
}

/** Paths in the folder. */
export interface RedisFolder {
  readonly dir: string;
  readonly config: string;
  readonly log: string;
  readonly pid: string;
  readonly keeperLock: string;
  readonly keeperLog: string;
}

export const redisFolder = (dir: string): RedisFolder => ({
  dir,
  config: join(dir, "redis.conf"),
  log: join(dir, "redis.log"),
  pid: join(dir, "redis.pid"),
  keeperLock: join(dir, "keeper.lock"),
  keeperLog: join(dir, "keeper.log"),
});

/** Text of `redis.conf`: a file, because the arguments of a process can be read by every user of the machine. */
export const formatRedisConfig = ({ host, port, password }: RedisDoor, folder: RedisFolder): string =>
  [
    `bind ${host}`,
    `port ${port}`,
    `requirepass ${password}`,
    "protected-mode yes",
    `dir "${folder.dir}"`,
    `logfile "${folder.log}"`,
    `pidfile "${folder.pid}"`,
    'save ""',
    "appendonly yes",
    "appendfsync everysec",
    "maxmemory-policy noeviction",
    "tcp-keepalive 60",
    "daemonize no",
    "",
  ].join("\n");

/** URL with its password: only for files of mode 0600. */
export const doorUrl = ({ host, port, password }: RedisDoor): string =>
  `redis://:${password}@${host.includes(":") ? `[${host}]` : host}:${port}`;

/** Address of the Redis of a folder; null if the folder holds none. */
export const readDoor = (folder: RedisFolder): RedisAddress | null => {
  const text = readText(folder.config);
  const valueOf = (name: string): string => new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1] ?? "";
  const [host, port, password] = [valueOf("bind"), valueOf("port"), valueOf("requirepass")];
  if (host === "" || port === "" || password === "") return null;
  return parseRedisUrl(doorUrl({ host, port: Number(port), password }), folder.config);
};

/** Text of a file; empty if it cannot be read. */
export const readText = (path: string): string => readTextOrNull(path) ?? "";
