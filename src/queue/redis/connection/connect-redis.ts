/** Connections to Redis: opened with one clear message if that fails, kept alive afterwards. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { messageOf, SweepError } from "../../../core/errors.ts";
import { formatRedisAddress, isLocalAddress, type RedisAddress, type TlsFiles } from "./redis-address.ts";

/** A first connection must be there by then. */
const connectTimeoutMs = 10_000;
/** Firewalls between nodes drop connections that are silent for long. */
const keepAliveMs = 15_000;

/** A connection, for code outside this folder. */
export type RedisClient = Redis;

/** How careful to be. */
export interface ConnectOptions {
  /** Refuses a Redis that others can reach and that lets everybody in. */
  readonly requireAuthentication: boolean;
  /** Hears, once for each outage, that Redis is away, and that it is back. */
  readonly onOutage?: (words: string) => void;
  /** The server must have answered by then; default 10 s. */
  readonly timeoutMs?: number;
}

/**
 * Connects and looks at the server: it must answer, let us in, be new enough, and not throw keys away. Later outages are
 * waited out, calls wait meanwhile.
 * @throws SweepError `ENVIRONMENT`, with the address but no secret.
 */
export const connectRedis = async (address: RedisAddress, options: ConnectOptions): Promise<Redis> => {
  const name = formatRedisAddress(address);
  const needsPassword = options.requireAuthentication && !isLocalAddress(address);
  const client = new Redis(clientOptions(address));
  let lastError: unknown = null;
  client.on("error", (error) => {
    lastError = error;
  });
  try {
    await firstAnswer(client, {
      timeoutMs: options.timeoutMs ?? connectTimeoutMs,
      lastError: () => lastError,
    });
    if (needsPassword) await refuseOpenDoor(client, address);
    await checkServer(client, name);
  } catch (error) {
    client.disconnect();
    throw error instanceof SweepError ? error : unreachable(name, lastError ?? error);
  }
  watchOutages(client, name, options.onOutage);
  coalesceWrites(client);
  return client;
};

/**
 * Ends a connection for good: calls that wait for an answer are rejected. `disconnect` alone leaves them waiting for ever where
 * ioredis pauses between two tries to connect; a try that is broken off at once ends the pause.
 */
export const endConnection = (client: Redis): void => {
  client.disconnect();
  if (client.status !== "reconnecting") return;
  client.connect().catch(() => {});
  client.disconnect();
};

/** True if the server answers within that time. */
export const answersWithin = (client: Redis, timeoutMs: number): Promise<boolean> => {
  const answer = client.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([answer, sleep(timeoutMs, false, { ref: false })]);
};

/**
 * Sends what is called in one turn of the event loop in one packet, where ioredis makes one system call of each call.
 * Unlike ioredis's own pipelining it keeps nothing back while an answer is awaited.
 */
const coalesceWrites = (client: Redis): void => {
  const send = client.sendCommand.bind(client);
  let corked: Redis["stream"] | null = null;
  client.sendCommand = (command, stream) => {
    if (corked === null && client.status === "ready") {
      corked = client.stream;
      corked.cork();
      setImmediate(() => {
        corked?.uncork();
        corked = null;
      });
    }
    return send(command, stream);
  };
};

const clientOptions = ({ at, tls, username, password, database }: RedisAddress) => ({
  ...("path" in at ? { path: at.path } : { host: at.host, port: at.port }),
  ...(tls === null ? {} : { tls: readTls(tls) }),
  ...(username === null ? {} : { username }),
  ...(password === null ? {} : { password }),
  db: database,
  lazyConnect: true,
  maxRetriesPerRequest: null,
  connectTimeout: connectTimeoutMs,
  keepAlive: keepAliveMs,
  retryStrategy: (times: number) => Math.min(2000, 50 * 2 ** Math.min(times, 10)),
});

/** Contents of the files. @throws SweepError `NOT_FOUND`. */
const readTls = (files: TlsFiles): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(files).flatMap(([name, path]: [string, string | null]) =>
      path === null ? [] : [[name, readPem(name, path)]],
    ),
  );

const readPem = (name: string, path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const problem = `the ${name} of the Redis address, ${path}, cannot be read (${messageOf(cause)})`;
    throw new SweepError("NOT_FOUND", `${problem}; expected a PEM file.`, { cause });
  }
};

/** Fails at once where waiting cannot help, and after a while otherwise. */
const firstAnswer = async (
  client: Redis,
  { timeoutMs, lastError }: { timeoutMs: number; lastError: () => unknown },
): Promise<void> => {
  const connecting = client.connect();
  connecting.catch(() => {}); // told by the race
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lastError() ?? new Error("no answer")), timeoutMs);
  });
  try {
    await Promise.race([connecting, late]);
    await Promise.race([client.ping(), late]);
  } finally {
    clearTimeout(timer);
  }
};

const unreachable = (name: string, error: unknown): SweepError => {
  const text = messageOf(error);
  const options = { cause: error, retryable: true };
  if (/WRONGPASS|NOAUTH|invalid password|without any password/i.test(text)) {
    const problem = `Redis at ${name} does not accept this user and password`;
    return new SweepError(
      "ENVIRONMENT",
      `${problem}. Check them in the URL, the connection file or LAMBDA_HAT_REDIS.`,
      options,
    );
  }
  if (/certificate|altname/i.test(text)) {
    const advice =
      "Name the authority that signed it: rediss://…?ca=file.pem; a server that asks for one needs cert and key too.";
    return new SweepError("ENVIRONMENT", `Redis at ${name} is not trusted: ${text}. ${advice}`, options);
  }
  const ofTls =
    " Does it speak TLS on this port, and does it ask for a certificate (cert and key in the address)?";
  const advice = `Is it running, and may this host connect to it?${name.startsWith("rediss:") ? ofTls : ""}`;
  return new SweepError("ENVIRONMENT", `Redis at ${name} cannot be reached: ${text}. ${advice}`, options);
};

/** A server that others can reach must ask for a password: whoever can write to it can make workers run tasks. */
const refuseOpenDoor = async (client: Redis, address: RedisAddress): Promise<void> => {
  if (address.password !== null && !(await letsAnybodyIn(client))) return;
  const problem = `Redis at ${formatRedisAddress(address)} lets everybody in who can reach it`;
  throw new SweepError(
    "ENVIRONMENT",
    `${problem}; workers take tasks only from one that asks for a password, or over loopback or a socket. Set requirepass.`,
  );
};

const letsAnybodyIn = async (client: Redis): Promise<boolean> => {
  const stranger = client.duplicate({
    username: "",
    password: "",
    lazyConnect: true,
    retryStrategy: () => null,
  });
  stranger.on("error", () => {});
  try {
    await stranger.connect();
    await stranger.ping();
    return true;
  } catch {
    return false;
  } finally {
    stranger.disconnect();
  }
};

const checkServer = async (client: Redis, name: string): Promise<void> => {
  const info = await client.info();
  const version = /^redis_version:(\d+)\.(\d+)/m.exec(info);
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  if (version !== null && (major < 6 || (major === 6 && minor < 2)))
    throw new SweepError(
      "ENVIRONMENT",
      `Redis at ${name} is version ${major}.${minor}; expected 6.2 or newer.`,
    );
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "noeviction";
  if (policy !== "noeviction") {
    const problem = `Redis at ${name} may throw keys away (maxmemory-policy ${policy})`;
    throw new SweepError(
      "ENVIRONMENT",
      `${problem}; expected noeviction. Run: redis-cli config set maxmemory-policy noeviction`,
    );
  }
};

const watchOutages = (client: Redis, name: string, say: ConnectOptions["onOutage"]): void => {
  let isAway = false;
  client.on("close", () => {
    if (isAway || client.status === "end") return;
    isAway = true;
    say?.(`Redis at ${name} is away; waiting for it`);
  });
  client.on("ready", () => {
    if (isAway) say?.(`Redis at ${name} is back`);
    isAway = false;
  });
};
