/** A broker over Redis with its connection, as the driver of a sweep opens it: to a given Redis, or to one of its own. */
import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../core/clock.ts";
import { answersWithin, connectRedis, type RedisClient } from "./connection/connect-redis.ts";
import {
  adoptPrivateRedis,
  type PrivateRedis,
  startPrivateRedis,
  writeConnectionFile,
} from "./connection/private-redis.ts";
import {
  formatRedisAddress,
  type RedisAddress,
  redisUrlOf,
  redisVariable,
} from "./connection/redis-address.ts";
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
  /** From now on Redis is waited for no longer than some seconds; then the broker is abandoned. */
  leaveSoon(): void;
  /** True once the broker was abandoned. */
  isAbandoned(): boolean;
  /** Closes the broker and the connection, stops a private Redis, removes the connection file. */
  close(): Promise<void>;
}

/** A Redis that has not answered for so long is given up by a driver that was told to stop now, which looks so often. */
const patienceMs = 3000;
const lookEveryMs = 500;

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
    const leaving = watchLeaving(broker, client, () => {
      const problem = `Redis at ${formatRedisAddress(address)} does not answer: leaving without it`;
      onWarning(`${problem}. What is on disk is kept; go on with: lambda-hat resume --sweep ${sweepId}`);
    });
    return {
      broker,
      description: describe(redis, address),
      leaveSoon: leaving.begin,
      isAbandoned: leaving.isAbandoned,
      close: async () => {
        if (server !== null) await untilWorkersLeft(broker);
        await broker.close();
        leaving.end();
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

/**
 * Ends the waits of a driver that was told to stop now once Redis does not answer for some seconds.
 * @returns the way to end the watch, and whether Redis was given up.
 */
const watchLeaving = (
  broker: RedisBroker,
  client: RedisClient,
  giveUp: () => void,
): { readonly begin: () => void; readonly end: () => void; readonly isAbandoned: () => boolean } => {
  let [hasBegun, isOver, isAbandoned] = [false, false, false];
  const watch = async (): Promise<void> => {
    while (await answersWithin(client, patienceMs)) {
      if (isOver) return;
      await sleep(lookEveryMs, null, { ref: false });
    }
    if (isOver) return;
    isAbandoned = true;
    giveUp();
    broker.abandon();
  };
  return {
    begin: () => {
      if (!hasBegun) void watch();
      hasBegun = true;
    },
    end: () => {
      isOver = true;
    },
    isAbandoned: () => isAbandoned,
  };
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
