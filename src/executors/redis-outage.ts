/** How long a worker waits for a Redis that is away. */
import { existsSync } from "node:fs";
import type { RedisClient } from "../queue/redis/connection/connect-redis.ts";
import {
  parseRedisUrl,
  type RedisAddress,
  readConnectionFile,
  redisUrlOf,
} from "../queue/redis/connection/redis-address.ts";

const defaultMaxAwayMs = 600_000;
/** The same for a worker that has nothing left to tell. */
const maxAwayAtEndMs = 2000;

/** Which Redis, and how patient to be. */
export interface OutageOptions {
  readonly address: RedisAddress;
  /** File that the driver removes with its Redis; null: none. */
  readonly connectionFile: string | null;
  /** An idle worker waits for so long; default 10 minutes. */
  readonly maxAwayMs?: number;
}

/** What the worker is about. */
export interface OutageSituation {
  /** No task runs. */
  readonly isIdle: boolean;
  /** It is leaving, and holds nothing that Redis has to hear of. */
  readonly hasNothingToTell: boolean;
}

/** Looked at again and again while a worker lives. */
export class RedisOutage {
  readonly #client: RedisClient;
  readonly #options: OutageOptions;
  /** Since when Redis does not answer; null: it does. */
  #since: number | null = null;

  constructor(client: RedisClient, options: OutageOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** True if Redis is gone with its driver, or for long while nothing runs; what ended here cannot be told then. */
  isTooLong(now: number, { isIdle, hasNothingToTell }: OutageSituation): boolean {
    this.#since = this.#client.status === "ready" ? null : (this.#since ?? now);
    if (this.#since === null) return false;
    if (this.#isReplaced()) return true;
    const { maxAwayMs = defaultMaxAwayMs } = this.#options;
    return isIdle && now - this.#since > (hasNothingToTell ? maxAwayAtEndMs : maxAwayMs);
  }

  /** True if the driver has removed its connection file, or has written another Redis into it. */
  #isReplaced(): boolean {
    const { connectionFile, address } = this.#options;
    if (connectionFile === null) return false;
    if (!existsSync(connectionFile)) return true;
    try {
      const { url } = readConnectionFile(connectionFile);
      return redisUrlOf(parseRedisUrl(url, connectionFile)) !== redisUrlOf(address);
    } catch {
      return false; // cannot be read now
    }
  }
}
