/**
 * Where a Redis is and how one gets in: `redis://`, `rediss://` (TLS) or `unix:///path`, with user, password and
 * database; from the command line, a connection file or the environment. Secrets are never shown.
 */
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { z } from "zod";
import { messageOf, SweepError } from "../../core/errors.ts";

/** A checked address. */
export interface RedisAddress {
  /** Host and port, or the path of a socket. */
  readonly at: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly isTls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
}

/** A connection file: how the driver of a sweep tells workers where Redis is. Mode 0600. */
export interface ConnectionFile {
  readonly v: 1;
  readonly url: string;
  /** The sweep that the driver is running; null: any. */
  readonly sweep_id: string | null;
  readonly started_at: string;
  readonly pid: number;
  readonly host: string;
  /** True if the driver has started this Redis and stops it with the sweep. */
  readonly is_private: boolean;
  /** Folder of a private Redis on that host; null: none. */
  readonly data_dir: string | null;
}

/** Name of the environment variable: a URL, or the path of a connection file. */
export const redisVariable = "LAMBDA_HAT_REDIS";

const accepted =
  "redis://[user:password@]host[:port][/database], rediss://… (TLS) or unix:///path/of/socket[?user=…&password=…&db=…]";

/** URL → address. `from`: where it was given, for messages; the URL itself is not repeated. @throws `USAGE`. */
export const parseRedisUrl = (text: string, from: string): RedisAddress => {
  const wrong = (problem: string): SweepError =>
    new SweepError("USAGE", `the Redis address in ${from} ${problem}; expected ${accepted}.`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong("is no URL");
  }
  if (url.protocol === "unix:") return socketAddress(url, wrong);
  if (url.protocol !== "redis:" && url.protocol !== "rediss:") throw wrong(`begins with "${url.protocol}//"`);
  if (url.hostname === "") throw wrong("names no host");
  return {
    at: { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? 6379 : Number(url.port) },
    isTls: url.protocol === "rediss:",
    username: url.username === "" ? null : decodeURIComponent(url.username),
    password: url.password === "" ? null : decodeURIComponent(url.password),
    database: numberOf(url.pathname.slice(1) || "0", wrong),
  };
};

const socketAddress = (
  { pathname, searchParams }: URL,
  wrong: (problem: string) => SweepError,
): RedisAddress => {
  if (pathname.length < 2) throw wrong("names no socket");
  return {
    at: { path: decodeURIComponent(pathname) },
    isTls: false,
    username: searchParams.get("user"),
    password: searchParams.get("password"),
    database: numberOf(searchParams.get("db") ?? "0", wrong),
  };
};

const numberOf = (text: string, wrong: (problem: string) => SweepError): number => {
  if (!/^\d{1,4}$/.test(text)) throw wrong(`has the database "${text}"`);
  return Number(text);
};

/** Address for people: without user and password. */
export const formatRedisAddress = ({ at, isTls, database }: RedisAddress): string => {
  if ("path" in at) return `unix://${at.path}`;
  const host = isIP(at.host) === 6 ? `[${at.host}]` : at.host;
  return `${isTls ? "rediss" : "redis"}://${host}:${at.port}${database === 0 ? "" : `/${database}`}`;
};

/** Address → URL with its secrets: only for files of mode 0600. */
export const redisUrlOf = (address: RedisAddress): string => {
  const { at, username, password, database } = address;
  if ("path" in at) {
    const query = new URLSearchParams({ db: String(database) });
    if (username !== null) query.set("user", username);
    if (password !== null) query.set("password", password);
    return `unix://${encodeURI(at.path)}?${query.toString()}`;
  }
  const url = new URL(formatRedisAddress({ ...address, database: 0 }));
  url.username = username ?? "";
  url.password = encodeURIComponent(password ?? "");
  url.pathname = `/${database}`;
  return url.href;
};

/** True if nobody outside this machine can connect: a socket or the loopback interface. */
export const isLocalAddress = ({ at }: RedisAddress): boolean =>
  "path" in at || at.host === "localhost" || at.host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(at.host);

const fileSchema = z.object({
  v: z.literal(1),
  url: z.string(),
  sweep_id: z.string().nullable(),
  started_at: z.string(),
  pid: z.number(),
  host: z.string(),
  is_private: z.boolean(),
  data_dir: z.string().nullable(),
});

/** @throws SweepError `NOT_FOUND` without the file, `USAGE` if it is none or if others may read it. */
export const readConnectionFile = (path: string): ConnectionFile => {
  let text: string;
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      const problem = `${path} holds a password and may be read by others`;
      throw new SweepError("USAGE", `${problem}; expected mode 0600. Run: chmod 600 ${path}`);
    }
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof SweepError) throw cause;
    const problem = `connection file ${path} cannot be read (${messageOf(cause)})`;
    throw new SweepError(
      "NOT_FOUND",
      `${problem}; expected the file that the driver of a sweep has written.`,
      { cause },
    );
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SweepError("USAGE", `${path} is no connection file of this version of the program.`, { cause });
  }
};

/** Where to look for the address, in this order. */
export interface AddressSources {
  /** `--redis`: a URL, or the path of a connection file. */
  readonly redis: string | null;
  /** `--connection`: the path of a connection file. */
  readonly connection: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An address, and the sweep named beside it. */
export interface ResolvedAddress {
  readonly address: RedisAddress;
  readonly sweepId: string | null;
  /** The connection file; null: it was a URL. */
  readonly file: string | null;
}

/** The first of `--redis`, `--connection` and `LAMBDA_HAT_REDIS`; null if none is given. @throws `USAGE`, `NOT_FOUND`. */
export const resolveRedisAddress = ({ redis, connection, env }: AddressSources): ResolvedAddress | null => {
  const variable = env[redisVariable];
  if (redis !== null) return fromText(redis, "--redis");
  if (connection !== null) return fromFile(connection);
  return variable === undefined || variable === "" ? null : fromText(variable, redisVariable);
};

const fromText = (text: string, from: string): ResolvedAddress =>
  /^[a-z]+:\/\//i.test(text)
    ? { address: parseRedisUrl(text, from), sweepId: null, file: null }
    : fromFile(text);

const fromFile = (path: string): ResolvedAddress => {
  const { url, sweep_id: sweepId } = readConnectionFile(path);
  return { address: parseRedisUrl(url, path), sweepId, file: path };
};
