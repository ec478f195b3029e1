/** A Redis broker whose time a test moves: the date of this process, its timers, and the lives of keys in Redis. */
import type { Redis } from "ioredis";
import { vi } from "vitest";
import { RedisBroker } from "../../src/queue/redis/redis-broker.ts";
import { FakeClock } from "./fake-clock.ts";
import type { TestRedis } from "./redis-server.ts";

/** A broker in an emptied Redis. Freezes the date until `release`. */
export const openRedisBroker = async (redis: TestRedis, leaseMs: number | null) => {
  const client = redis.connect();
  await client.flushall();
  const clock = new FakeClock();
  vi.useFakeTimers({ toFake: ["Date"], now: clock.now() });
  const broker = new RedisBroker({ client, clock, leaseMs: leaseMs ?? 3_600_000 });
  return {
    broker,
    advance: async (byMs: number): Promise<void> => {
      vi.setSystemTime(clock.now() + byMs);
      await ageKeys(client, byMs);
      clock.advance(byMs);
      await broker.heal();
    },
    numTimers: () => clock.numTimers,
    release: (): void => {
      vi.useRealTimers();
      client.disconnect();
    },
  };
};

const ageKeys = async (client: Redis, byMs: number): Promise<void> => {
  for (const key of await client.keys("*:lock")) {
    const left = await client.pttl(key);
    if (left >= 0) await client.pexpire(key, Math.max(0, left - byMs));
  }
};
