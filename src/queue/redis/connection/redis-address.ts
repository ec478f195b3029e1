/**
 * Where a Redis is and how one gets in: `redis://`, `rediss://` (TLS) or `unix:///path`, with user, password and
 * database; from the command line, a connection file or the environment. Secrets are never shown.
 */
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";
import { messageOf, SweepError } from "../../../core/errors.ts";

/** Files in PEM form, absolute paths; null: what Node.js trusts, no certificate of ours. */
export interface TlsFiles {
  /** Authority that has signed the server's certificate. */
  readonly ca: string | null;
  /** Our own certificate and its key, for servers that ask for one. */
  readonly cert: string | null;
  readonly key: string | null;
}

/** A checked address. */
export interface RedisAddress {
  /** Host and port, or the path of a socket. */
  readonly at: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Null: not encrypted. */
  readonly tls: TlsFiles | null;
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

/** Name of the environment variable: a URL, or the path of a connection file or of one that holds a URL. */
export const redisVariable = "LAMBDA_HAT_REDIS";

const accepted =
  "redis://[user:password@]host[:port][/database], rediss://…[?ca=file.pem&cert=…&key=…] (TLS) or unix:///path/of/socket[?user=…&password=…&db=…]";

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
    tls: tlsFilesOf(url, wrong),
    username: url.username === "" ? null : decodeURIComponent(url.username),
    password: url.password === "" ? null : decodeURIComponent(url.password),
    database: numberOf(url.pathname.slice(1) || "0", wrong),
  };
};

const tlsFilesOf = (
  { protocol, searchParams }: URL,
  wrong: (problem: string) => SweepError,
): TlsFiles | null => {
  const isTls = protocol === "rediss:";
  refuseUnknown(searchParams, isTls ? ["ca", "cert", "key"] : [], wrong);
  if (!isTls) return null;
  const fileOf = (name: string): string | null => {
    const path = searchParams.get(name);
    return path === null ? null : resolve(path);
  };
  const files = { ca: fileOf("ca"), cert: fileOf("cert"), key: fileOf("key") };
  if ((files.cert === null) !== (files.key === null))
    throw wrong("names one of cert and key without the other");
  return files;
};

const refuseUnknown = (
  parameters: URLSearchParams,
  known: readonly string[],
  wrong: (problem: string) => SweepError,
): void => {
  for (const name of parameters.keys())
    if (!known.includes(name)) throw wrong(`has the unknown parameter "${name}"`);
};

const socketAddress = (
  { pathname, searchParams }: URL,
  wrong: (problem: string) => SweepError,
): RedisAddress => {
  if (pathname.length < 2) throw wrong("names no socket");
  refuseUnknown(searchParams, ["user", "password", "db"], wrong);
  return {
    at: { path: decodeURIComponent(pathname) },
    tls: null,
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
export const formatRedisAddress = ({ at, tls, database }: RedisAddress): string => {
  if ("path" in at) return `unix://${at.path}`;
  const host = isIP(at.host) === 6 ? `[${at.host}]` : at.host;
  return `${tls === null ? "redis" : "rediss"}://${host}:${at.port}${database === 0 ? "" : `/${database}`}`;
};

/** Address → URL with its secrets: only for files of mode 0600. */
export const redisUrlOf = (address: RedisAddress): string => {
  const { at, tls, username, password, database } = address;
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
  for (const [name, path] of Object.entries(tls ?? {})) if (path !== null) url.searchParams.set(name, path);
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
export const readConnectionFile = (path: string): ConnectionFile =>
  parseConnectionFile(readSecret(path, "the file that the driver of a sweep has written"), path);

/** Text of a file of mode 0600. */
const readSecret = (path: string, expected: string): string => {
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      const problem = `${path} holds a password and may be read by others`;
      throw new SweepError("USAGE", `${problem}; expected mode 0600. Run: chmod 600 ${path}`);
    }
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof SweepError) throw cause;
    const problem = `connection file ${path} cannot be read (${messageOf(cause)})`;
    throw new SweepError("NOT_FOUND", `${problem}; expected ${expected}.`, { cause });
  }
};

const parseConnectionFile = (text: string, path: string): ConnectionFile => {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SweepError("USAGE", `${path} is no connection file of this version of the program.`, { cause });
  }
};

/** Where to look for the address, in this order. */
export interface AddressSources {
  /** `--redis`: a URL, or the path of a connection file or of one that holds just a URL. */
  readonly redis: string | null;
  /** `--connection`: the path of a connection file. */
  readonly connection: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An address, and the sweep named beside it. */
export interface ResolvedAddress {
  readonly address: RedisAddress;
  readonly sweepId: string | null;
  /** The connection file; null: it was a URL, or a file that holds one. */
  readonly file: string | null;
}

/** The first of `--redis`, `--connection` and `LAMBDA_HAT_REDIS`; null if none is given. @throws `USAGE`, `NOT_FOUND`. */
export const resolveRedisAddress = ({ redis, connection, env }: AddressSources): ResolvedAddress | null => {
  const variable = env[redisVariable];
  if (redis !== null) return fromText(redis, "--redis");
  if (connection !== null) return fromFile(connection);
  return variable === undefined || variable === "" ? null : fromText(variable, redisVariable);
};

const isUrl = (text: string): boolean => /^[a-z]+:\/\/\S*$/i.test(text);

const fromText = (text: string, from: string): ResolvedAddress =>
  isUrl(text) ? fromUrl(text, from) : fromFile(text);

const fromUrl = (text: string, from: string): ResolvedAddress => ({
  address: parseRedisUrl(text, from),
  sweepId: null,
  file: null,
});

const fromFile = (path: string): ResolvedAddress => {
  const text = readSecret(path, "a URL, the connection file of a sweep, or a file that holds a URL").trim();
  if (isUrl(text)) return fromUrl(text, path);
  const { url, sweep_id: sweepId } = parseConnectionFile(text, path);
  return { address: parseRedisUrl(url, path), sweepId, file: path };
};
