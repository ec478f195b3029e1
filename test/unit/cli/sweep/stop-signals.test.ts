/** Laws of signals to a sweep or a worker. */
import { afterEach, expect, it } from "vitest";
import { onSignals, type StopSignals } from "../../../../src/cli/sweep/stop-signals.ts";

let signals: StopSignals | null = null;
afterEach(() => signals?.close());
const state = (): readonly boolean[] => [signals?.stop.aborted === true, signals?.kill.aborted === true];
const send = (signal: NodeJS.Signals): void => void process.emit(signal, signal);

it("the first signal stops, the second kills", () => {
  signals = onSignals(() => {});
  expect(state()).toEqual([false, false]);
  send("SIGTERM");
  expect(state()).toEqual([true, false]);
  send("SIGINT");
  expect(state()).toEqual([true, true]);
});

it("signals that come together are one request, in whatever order", () => {
  for (const [first, second] of [
    ["SIGTERM", "SIGUSR1"],
    ["SIGUSR1", "SIGTERM"],
  ] as const) {
    signals?.close();
    signals = onSignals(() => {}, { warnings: ["SIGUSR1"], togetherMs: 60_000 });
    send(first);
    send(second);
    expect(state()).toEqual([true, false]);
  }
});

it("a warning never kills; a later TERM does", () => {
  signals = onSignals(() => {}, { warnings: ["SIGUSR1"], togetherMs: 0 });
  send("SIGUSR1");
  send("SIGUSR1");
  expect(state()).toEqual([true, false]);
  send("SIGTERM");
  expect(state()).toEqual([true, true]);
});
