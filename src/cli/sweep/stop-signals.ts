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

/** Listens until closed; `say` hears what happens, for the user. `also`: more signals that mean the same. */
export const onSignals = (
  say: (words: string) => void,
  also: readonly NodeJS.Signals[] = [],
): StopSignals => {
  const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", ...also];
  const stop = new AbortController();
  const kill = new AbortController();
  const listener = (signal: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      say(`${signal}: finishing at the next checkpoint; once more to stop now`);
      stop.abort(`stopped by ${signal}`);
    } else {
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
