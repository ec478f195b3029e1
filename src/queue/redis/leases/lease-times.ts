/**
 * How soon the task of a worker that died is somebody else's: its lease runs out, somebody looks, and the task is free after
 * the pause before a first retry. At most a minute, with or without a driver
 * (`test/unit/queue/redis/leases/lease-times.test.ts`).
 */

/** A lease that is not renewed for so long is lost. */
export const defaultLeaseMs = 30_000;
/** Leases are renewed so often: three renewals may fail. */
export const renewEveryMs = defaultLeaseMs / 4;
/** The driver looks for lost leases so often. */
export const driverLooksEveryMs = 5000;
/** So does every worker, for sweeps whose driver is away; not all at the same time, hence up to `spreadMs` later. */
export const workerLooksEveryMs = 15_000;
export const workerSpreadMs = 5000;
/** Idle workers look for tasks so often even if nobody wakes them. */
export const idlePollMs = 2000;
