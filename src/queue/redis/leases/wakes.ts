/** Lets waiting workers sleep until something may have changed, and no longer than a poll interval. */
import type { Clock } from "../../../core/clock.ts";

/** Sleepers of one process. */
export class Wakes {
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #sleepers = new Set<() => void>();
  #count = 0;

  constructor(clock: Clock, pollMs: number) {
    this.#clock = clock;
    this.#pollMs = pollMs;
  }

  /** How often `notify` was called: read before looking, handed to `wait` after having found nothing. */
  get count(): number {
    return this.#count;
  }

  notify(): void {
    this.#count++;
    for (const wake of this.#sleepers) wake();
  }

  /** Resolves at the next call of `notify` since `seen`, at the signal, or after the poll interval. */
  wait(seen: number, signal: AbortSignal | undefined): Promise<void> {
    if (seen !== this.#count || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        stopTimer();
        this.#sleepers.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const stopTimer = this.#clock.after(this.#pollMs, wake);
      this.#sleepers.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }
}
