/**
 * SIGINT and SIGTERM of a running sweep. First: nothing new is begun, running tasks checkpoint. Second: everything stops
 * now. Either way the next run goes on from what is on disk.
 */

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly stop: AbortSignal;
  /** Aborted by the second. */
  readonly kill: AbortSignal;
  /** Gives the signals back to their usual meaning. */
  close(): void;
}

/** How a batch system asks. */
export interface BatchSignals {
  /** Signals that only ask to finish, however often they come. */
  readonly warnings: readonly NodeJS.Signals[];
  /** Signals so close together are one request: SLURM sends TERM to a batch shell, which passes it on, and to its child. */
  readonly togetherMs: number;
}

/** Listens until closed; `say` hears what happens, for the user. */
export const onSignals = (
  say: (words: string) => void,
  batch: BatchSignals = { warnings: [], togetherMs: 0 },
): StopSignals => {
  const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", ...batch.warnings];
  const stop = new AbortController();
  const kill = new AbortController();
  let askedAt = 0;
  const listener = (signal: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      say(`${signal}: finishing at the next checkpoint; once more to stop now`);
      askedAt = performance.now();
      stop.abort(`stopped by ${signal}`);
    } else if (!batch.warnings.includes(signal) && performance.now() - askedAt >= batch.togetherMs) {
      say(`${signal}: stopping now`);
      kill.abort(`stopped by ${signal}`);
    }
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    stop: stop.signal,
    kill: kill.signal,
    close: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
};
