/** Tells events to whoever listens, in order, at the time they happen. */
import type { Clock } from "../core/clock.ts";
import type { SweepEvent, SweepEventBody } from "./sweep-event.ts";

/** The listeners of one broker. */
export class EventSource {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: SweepEvent) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Stamps and tells one event. */
  emit(body: SweepEventBody): void {
    const event: SweepEvent = { time: this.#clock.now(), ...body };
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns the way to end it. */
  subscribe(listener: (event: SweepEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  clear(): void {
    this.#listeners.clear();
  }
}
