/**
 * The stream of facts of one sweep in Redis: workers append, the driver reads.
 *
 * Facts of one process keep their order and wait a moment for each other, so that a worker with short tasks sends them in
 * one command. One that is lost with its worker is found again by the driver, because the jobs tell the same.
 */
import type { Redis } from "ioredis";
import { type Fact, formatFact, parseFact } from "./fact.ts";

/** A fact waits so long for others. */
const gatherMs = 10;
/** Facts are read in portions of about this many. */
const factsPerRead = 2000;
/** The stream forgets its oldest entries beyond this. */
const maxEntries = 500_000;

/** A fact and the place of its entry in the stream, which it may share with those that were told together with it. */
export interface StoredFact {
  readonly id: string;
  /** Null: written by another version or by somebody else. */
  readonly fact: Fact | null;
}

/** One end of the stream. */
export class FactStream {
  readonly #client: Redis;
  readonly #key: string;
  #told: string[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(client: Redis, key: string) {
    this.#client = client;
    this.#key = key;
  }

  /** Makes the stream; without it facts are dropped, so that late ones leave nothing behind in a user's Redis. */
  async open(): Promise<void> {
    if ((await this.#client.exists(this.#key)) === 0) await this.#client.xadd(this.#key, "*", "opened", "");
  }

  /** Enters a fact, soon. Never throws, whatever Redis does. */
  tell(fact: Fact): void {
    this.#told.push("f", formatFact(fact));
    this.#timer ??= setTimeout(() => this.flush(), gatherMs);
  }

  /** Sends what was told, before whatever is sent next on this connection. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#told.length === 0) return;
    const fields = this.#told;
    this.#told = [];
    this.#client.xadd(this.#key, "NOMKSTREAM", "MAXLEN", "~", maxEntries, "*", ...fields).catch(() => {});
  }

  /** Facts after the given place, oldest first, what was told here included; "0" for the first. Empty: none so far. */
  async after(id: string): Promise<readonly StoredFact[]> {
    this.flush();
    const from = id === "0" ? "-" : `(${id}`;
    const entries = await this.#client.xrange(this.#key, from, "+", "COUNT", factsPerRead);
    return entries.flatMap(([entryId, fields]) =>
      fields.flatMap((text, index) => (index % 2 === 1 ? [{ id: entryId, fact: parseFact(text) }] : [])),
    );
  }
}
