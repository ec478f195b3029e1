/** A broker over Redis with its connection, as the driver of a sweep opens it: to a given Redis, or to one of its own. */
import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { systemClock } from "../../core/clock.ts";
import { connectRedis } from "./connect-redis.ts";
import {
  adoptPrivateRedis,
  type PrivateRedis,
  startPrivateRedis,
  writeConnectionFile,
} from "./private-redis.ts";
import { formatRedisAddress, type RedisAddress, redisUrlOf, redisVariable } from "./redis-address.ts";
import { RedisBroker, type RedisBrokerOptions } from "./redis-broker.ts";

/** Which Redis. */
export type RedisChoice =
  | {
      readonly kind: "given";
      readonly address: RedisAddress;
      /** True if nothing but the environment variable names it. */
      readonly isFromEnvironment: boolean;
    }
  | {
      readonly kind: "private";
      /** Network interface or address that workers can reach; null: loopback only. */
      readonly interface: string | null;
    };

/** Redis, sweep, and where the connection file goes. */
export interface OpenRedisOptions extends Omit<RedisBrokerOptions, "client" | "clock"> {
  readonly redis: RedisChoice;
  readonly sweepId: string;
  readonly connectionFile: string;
  /** Hears outages and restarts. */
  readonly onWarning: (words: string) => void;
}

/** An open broker. */
export interface OpenRedisBroker {
  readonly broker: RedisBroker;
  /** Where its Redis is, without secrets. */
  readonly description: string;
  /** Closes the broker and the connection, stops a private Redis, removes the connection file. */
  close(): Promise<void>;
}

/** @throws SweepError `ENVIRONMENT` if Redis cannot be started or reached, or lets everybody in. */
export const openRedisBroker = async (options: OpenRedisOptions): Promise<OpenRedisBroker> => {
  const { redis, sweepId, connectionFile, onWarning } = options;
  const server = redis.kind === "private" ? await openPrivateRedis(options, redis.interface) : null;
  const address = redis.kind === "given" ? redis.address : (server as PrivateRedis).address;
  try {
    const client = await connectRedis(address, { requireAuthentication: true, onOutage: onWarning });
    if (server === null) {
      writeConnectionFile(connectionFile, {
        v: 1,
        url: redisUrlOf(address),
        sweep_id: sweepId,
        started_at: new Date().toISOString(),
        pid: process.pid,
        host: hostname(),
        is_private: false,
        data_dir: null,
      });
    }
    const broker = new RedisBroker({ ...options, client, clock: systemClock });
    return {
      broker,
      description: describe(redis, address),
      close: async () => {
        if (server !== null) await untilWorkersLeft(broker);
        await broker.close();
        client.disconnect();
        await server?.stop();
        rmSync(connectionFile, { force: true });
      },
    };
  } catch (error) {
    await server?.stop();
    throw error;
  }
};

const describe = (redis: RedisChoice, address: RedisAddress): string => {
  const text = `Redis at ${formatRedisAddress(address)}`;
  if (redis.kind === "private") return `private ${text}`;
  return redis.isFromEnvironment ? `${text} (from ${redisVariable})` : text;
};

/** The one that an earlier driver of this sweep has left, or a new one. */
const openPrivateRedis = async (
  { sweepId, connectionFile, onWarning }: OpenRedisOptions,
  name: string | null,
): Promise<PrivateRedis> =>
  (await adoptPrivateRedis(connectionFile, { onWarning })) ??
  startPrivateRedis({ interface: name, dataDir: null, connectionFile, sweepId, onWarning });

/** Workers that are told that the sweep has ended need the Redis a moment longer. */
const untilWorkersLeft = async (broker: RedisBroker): Promise<void> => {
  const end = Date.now() + 5000;
  while (broker.isFinished && Date.now() < end && (await broker.workers()).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 100));
};
