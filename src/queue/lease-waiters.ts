/** Workers that wait for a task, the longest waiting first. */
import type { Lease, LeaseRequest } from "./broker.ts";

interface Waiter {
  readonly request: LeaseRequest;
  readonly answer: (lease: Lease | null) => void;
}

/** A line of pending `lease` calls. */
export class LeaseWaiters {
  #line: Waiter[] = [];

  /** Waits until served or dismissed, or until the request's signal. */
  wait(request: LeaseRequest): Promise<Lease | null> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        request,
        answer: (lease) => {
          request.signal?.removeEventListener("abort", giveUp);
          resolve(lease);
        },
      };
      const giveUp = (): void => {
        this.#line = this.#line.filter((other) => other !== waiter);
        waiter.answer(null);
      };
      request.signal?.addEventListener("abort", giveUp);
      this.#line.push(waiter);
    });
  }

  /** Offers each waiter what `leaseFor` finds for it; null leaves it in the line. */
  serve(leaseFor: (request: LeaseRequest) => Lease | null): void {
    if (this.#line.length === 0) return;
    const line = this.#line;
    this.#line = [];
    const waiting = line.filter((waiter) => {
      const lease = leaseFor(waiter.request);
      if (lease !== null) waiter.answer(lease);
      return lease === null;
    });
    this.#line = [...waiting, ...this.#line];
  }

  /** Answers null to all. */
  dismissAll(): void {
    const line = this.#line;
    this.#line = [];
    for (const waiter of line) waiter.answer(null);
  }
}
