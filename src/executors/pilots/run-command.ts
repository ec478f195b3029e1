/** Runs one short command of the scheduler, with a time limit that reaches all that it has started. */
import { spawn } from "node:child_process";

/** How it ended. */
export type CommandEnd =
  | { readonly kind: "exited"; readonly code: number; readonly stdout: string; readonly stderr: string }
  /** No such program here. */
  | { readonly kind: "missing" }
  | { readonly kind: "timed_out"; readonly stdout: string; readonly stderr: string };

/** Runs `command` (words, no shell) with `input`. Never rejects. */
export type RunCommand = (
  command: readonly string[],
  options: { readonly input?: string; readonly timeoutMs: number },
) => Promise<CommandEnd>;

/** More output than this is dropped. */
const keptBytes = 4 << 20;
/** Exit code of shells (and of ssh) for a program that is not there. */
const notFoundCode = 127;

export const runCommand: RunCommand = async ([program = "", ...args], { input = "", timeoutMs }) => {
  const child = spawn(program, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8");
    child[name].on("data", (chunk: string) => {
      if (output[name].length < keptBytes) output[name] += chunk;
    });
  }
  child.stdin.on("error", () => {}); // a program that does not read its input may end before it is written
  child.stdin.end(input);
  return await new Promise<CommandEnd>((resolve) => {
    const timer = setTimeout(() => {
      killGroup(child.pid);
      // Whatever still holds the pipes must not hold the driver.
      for (const name of ["stdout", "stderr"] as const) child[name].destroy();
      child.unref();
      resolve({ kind: "timed_out", ...output });
    }, timeoutMs);
    const end = (result: CommandEnd): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.once("error", () => end({ kind: "missing" }));
    child.once("close", (code) => {
      // One that has said something was there: it is a part of it that was not found.
      const isMissing = code === notFoundCode && output.stdout === "";
      end(isMissing ? { kind: "missing" } : { kind: "exited", code: code ?? 1, ...output });
    });
  });
};

const killGroup = (pid: number | undefined): void => {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
};
