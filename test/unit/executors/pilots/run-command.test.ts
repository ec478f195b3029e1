/** Laws of short commands, with real processes. */
import { expect, it } from "vitest";
import { runCommand } from "../../../../src/executors/pilots/run-command.ts";
import { isRunning, until } from "../../../support/processes.ts";

it("answers with exit code and both outputs, and hands in the input", async () => {
  const end = await runCommand(["bash", "-c", "cat; echo oops >&2; exit 3"], {
    input: "hello",
    timeoutMs: 5000,
  });
  expect(end).toEqual({ kind: "exited", code: 3, stdout: "hello", stderr: "oops\n" });
});

it("tells a program that is not there, also through a shell or ssh", async () => {
  expect(await runCommand(["/nonexistent/sbatch"], { timeoutMs: 5000 })).toEqual({ kind: "missing" });
  expect(await runCommand(["bash", "-c", "exit 127"], { timeoutMs: 5000 })).toEqual({ kind: "missing" });
});

it("ends a program that hangs, with all that it has started, and keeps what it said", async () => {
  const script = "sleep 60 & echo $! $BASHPID; sleep 60";
  const end = await runCommand(["bash", "-c", script], { timeoutMs: 500 });
  expect(end).toMatchObject({ kind: "timed_out" });
  const pids = (end as { stdout: string }).stdout.trim().split(" ").map(Number);
  expect(pids).toHaveLength(2);
  await until("both are gone", () => !pids.some(isRunning));
});

it("survives a program that does not read its input", async () => {
  expect(await runCommand(["true"], { input: "x".repeat(1 << 20), timeoutMs: 5000 })).toMatchObject({
    code: 0,
  });
});
