/** How a worker finds its sweep: connects to its Redis and reads the rules, and waits where that may yet come right. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, SweepError } from "../core/errors.ts";
import { connectRedis, endConnection, type RedisClient } from "../queue/redis/connection/connect-redis.ts";
import type { RedisAddress } from "../queue/redis/connection/redis-address.ts";
import { SweepStore } from "../queue/redis/sweep-store.ts";

/** Where the sweep should be. */
export interface JoinOptions {
  readonly address: RedisAddress;
  /** Written by the driver of the sweep, which removes it at the end; null: there is none, and nothing is waited for. */
  readonly connectionFile: string | null;
  readonly sweepId: string;
  readonly say: (words: string) => void;
  /** Ends the wait. */
  readonly drain: AbortSignal;
}

/** A sweep that was found. */
export interface JoinedSweep {
  /** To be closed by the caller. */
  readonly client: RedisClient;
  readonly store: SweepStore;
  readonly stored: NonNullable<Awaited<ReturnType<SweepStore["readRules"]>>>;
}

/** Redis is back, and what it has lost is put back by the driver, long before this. */
const patienceMs = 60_000;
const tryEveryMs = 500;

/**
 * Null: asked to leave before the sweep was found. With a connection file a Redis that is being started again, or that has just
 * lost its data, is waited for.
 * @throws SweepError `ENVIRONMENT` if there is no Redis or no such sweep.
 */
export const joinSweep = async (options: JoinOptions): Promise<JoinedSweep | null> => {
  const { connectionFile, say, drain } = options;
  const until = performance.now() + patienceMs;
  for (let tries = 0; !drain.aborted; tries++) {
    try {
      return await tryToJoin(options);
    } catch (error) {
      if (drain.aborted) break;
      const isPassing = error instanceof SweepError && error.isRetryable;
      const mayCome = connectionFile !== null && existsSync(connectionFile) && performance.now() < until;
      if (!isPassing || !mayCome) throw error;
      if (tries === 0) say(`${messageOf(error)} Waiting for it, at most ${patienceMs / 1000} s.`);
    }
    await sleep(tryEveryMs, null, { signal: drain }).catch(() => {});
  }
  return null;
};

const tryToJoin = async ({ address, sweepId, say, drain }: JoinOptions): Promise<JoinedSweep> => {
  const client = await connectRedis(address, { requireAuthentication: true, onOutage: say });
  const leave = (): void => endConnection(client); // also where it waits for a Redis that has just gone
  drain.addEventListener("abort", leave);
  try {
    const store = new SweepStore(client, sweepId);
    const stored = await store.readRules();
    if (stored === null) throw noSuchSweep(sweepId);
    return { client, store, stored };
  } catch (error) {
    client.disconnect();
    throw error;
  } finally {
    drain.removeEventListener("abort", leave);
  }
};

const noSuchSweep = (sweepId: string): SweepError =>
  new SweepError(
    "ENVIRONMENT",
    `this Redis has no sweep ${sweepId}; expected one that a driver has submitted. Start the driver first, or check --sweep.`,
    { retryable: true },
  );
