/**
 * The arithmetic of lost workers. What it takes in fact is measured by `test/integration/chaos.test.ts`, which prints it.
 *
 * Seen to fail: a lease of 45 s.
 */
import { describe, expect, it } from "vitest";
import {
  defaultLeaseMs,
  driverLooksEveryMs,
  idlePollMs,
  renewEveryMs,
  workerLooksEveryMs,
  workerSpreadMs,
} from "../../../../../src/queue/redis/leases/lease-times.ts";
import { defaultRetryPolicy } from "../../../../../src/queue/retry-policy.ts";

/** After the lease of a worker that was killed right after a renewal. */
const untilTakenMs = (lookEveryMs: number): number =>
  defaultLeaseMs + lookEveryMs + defaultRetryPolicy.backoffMs + idlePollMs;

describe("the task of a worker that was killed", () => {
  it("is with another idle worker within a minute, with a driver or without", () => {
    expect(untilTakenMs(driverLooksEveryMs)).toBeLessThanOrEqual(60_000);
    expect(untilTakenMs(workerLooksEveryMs + workerSpreadMs)).toBeLessThanOrEqual(60_000);
  });

  it("is not taken from a worker that lives: three renewals in a row may fail", () => {
    expect(3 * renewEveryMs).toBeLessThan(defaultLeaseMs);
  });
});
