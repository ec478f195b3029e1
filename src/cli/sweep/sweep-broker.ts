/** The broker of a sweep: in this process, or over Redis so that workers on other hosts can take part. */
import { networkInterfaces } from "node:os";
import type { PilotCard } from "../../cards/card.ts";
import { systemClock } from "../../core/clock.ts";
import type { Broker } from "../../queue/broker.ts";
import { LocalBroker } from "../../queue/local-broker.ts";
import { resolveRedisAddress } from "../../queue/redis/connection/redis-address.ts";
import { renewEveryMs } from "../../queue/redis/leases/lease-times.ts";
import { openRedisBroker, type RedisChoice } from "../../queue/redis/open-redis-broker.ts";
import type { WorkerPool } from "../../queue/worker-heartbeat.ts";
import { sweepFiles } from "../../runs/layout.ts";
import { isTaskDoneSince } from "../../tasks/done-since.ts";
import type { PlannedSweep } from "./plan-experiment.ts";

/** What the broker is for. */
export interface SweepBrokerOptions {
  readonly sweep: PlannedSweep;
  /** Null: in this process. */
  readonly redis: RedisChoice | null;
  /** False: results that were there before do not count. */
  readonly skip: boolean;
  readonly onWarning: (words: string) => void;
}

/** An open broker, and what its slots in this process must know. */
export interface SweepBroker {
  readonly broker: Broker;
  /** Leases are to be renewed so often; null: not at all. */
  readonly renewEveryMs: number | null;
  /** Workers elsewhere; null: there can be none. */
  readonly pool: WorkerPool | null;
  /** Where workers on other hosts can take part; null: nowhere. */
  readonly invitation: string | null;
  /** A Redis that does not answer is waited for no longer than some seconds from now on; after that it is abandoned. */
  leaveSoon(): void;
  isAbandoned(): boolean;
  close(): Promise<void>;
}

/** `--redis private`, `--redis private:ib0`, a URL, or a file that names one → which Redis. @throws `USAGE`, `NOT_FOUND`. */
export const redisChoiceOf = (text: string): RedisChoice => {
  const [word, name] = /^private(?::(.+))?$/.exec(text) ?? [];
  if (word !== undefined) return { kind: "private", interface: name ?? null };
  const found = resolveRedisAddress({ redis: text, connection: null, env: {} });
  if (found === null) throw new Error("bug: an address without a source");
  return { kind: "given", address: found.address, isFromEnvironment: false };
};

/**
 * The Redis of a sweep with these pilots: as on the command line, as in their cards, as in the environment, or one of its own
 * that their nodes can reach. Null: none, the queue is in this process. @throws `USAGE`, `NOT_FOUND`.
 */
export const redisChoiceFor = (
  pilots: readonly PilotCard[],
  asked: string | null,
  env: Readonly<Record<string, string | undefined>> = process.env,
): RedisChoice | null => {
  if (asked !== null) return redisChoiceOf(asked);
  const url = pilots.map(({ redis }) => redis.url).find((text) => text !== null);
  if (url !== undefined) return redisChoiceOf(url);
  const found = resolveRedisAddress({ redis: null, connection: null, env });
  if (found !== null) return { kind: "given", address: found.address, isFromEnvironment: true };
  if (pilots.length === 0) return null;
  const named = pilots.map(({ redis }) => redis.interface).find((name) => name !== null);
  const isElsewhere = pilots.some((card) => card.type === "slurm" || card.hosts.length > 0);
  return { kind: "private", interface: named ?? (isElsewhere ? reachableAddress() : null) };
};

/** The first address of this machine in a private network, else the first that is not loopback; null: there is none. */
const reachableAddress = (): string | null => {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
  const isPrivate = (address: string): boolean => /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(address);
  return addresses.find(isPrivate) ?? addresses[0] ?? null;
};

/** @throws SweepError `ENVIRONMENT` if Redis cannot be started or reached. */
export const openSweepBroker = async (options: SweepBrokerOptions): Promise<SweepBroker> => {
  const { sweep, redis, skip, onWarning } = options;
  if (redis === null) {
    const broker = new LocalBroker({ clock: systemClock, leaseMs: null });
    return {
      broker,
      renewEveryMs: null,
      pool: null,
      invitation: null,
      leaveSoon: () => {},
      isAbandoned: () => false,
      close: () => broker.close(),
    };
  }
  const { plan, store } = sweep;
  const connectionFile = sweepFiles(store.runs, plan.id).redis;
  const opened = await openRedisBroker({
    redis,
    sweepId: plan.id,
    connectionFile,
    storeRoot: store.runs,
    logsRoot: store.logs,
    isDone: isTaskDoneSince(store.runs),
    ignoreOldResults: !skip,
    onWarning,
  });
  return {
    broker: opened.broker,
    pool: opened.broker,
    renewEveryMs,
    invitation: `${opened.description}; more workers: lambda-hat worker --connection ${connectionFile}`,
    leaveSoon: () => opened.leaveSoon(),
    isAbandoned: () => opened.isAbandoned(),
    close: () => opened.close(),
  };
};
