/**
 * One warm task process, seen from its supervisor: start, run one task after another, stop, kill.
 *
 * The process leads its own process group, so that a kill reaches all that a task has started, and the terminal's
 * Ctrl-C reaches only the supervisor.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { SweepError } from "../core/errors.ts";
import {
  type FromTaskProcess,
  type OutcomeMessage,
  type Progress,
  protocolVersion,
  type RunMessage,
  type ToTaskProcess,
} from "../queue/task-messages.ts";
import { ProcessOutput } from "./process-output.ts";

/** How to start a process. */
export interface WarmProcessOptions {
  /** Script that serves tasks: the compiled `workers/task-process.ts`. */
  readonly script: string;
  /** Shell lines before it; empty: none. */
  readonly workerInit: string;
  /** Limit of the JavaScript heap; null: Node's own. */
  readonly heapMiB: number | null;
  /** Added to the supervisor's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where output that belongs to no task goes; null: nowhere. */
  readonly outputPath: string | null;
  /** A process that is not ready by then is given up. */
  readonly startTimeoutMs: number;
  /** Gives up at once. */
  readonly signal?: AbortSignal;
}

/** How an attempt ended in the process: its answer, or the process's own end. */
export type AttemptEnd =
  | OutcomeMessage
  | { readonly kind: "exited"; readonly code: number | null; readonly signal: NodeJS.Signals | null };

type Exit = Extract<AttemptEnd, { readonly kind: "exited" }>;

/** Exit code by which the shell wrapper says that `worker_init` failed. */
const initFailedCode = 97;

/** A running process; `start` makes one. */
export class WarmProcess {
  readonly pid: number;
  readonly heapMiB: number | null;
  readonly #child: ChildProcess;
  readonly #output: ProcessOutput;
  readonly #exit: Promise<Exit>;
  #hasExited = false;
  #isRetired = false;
  #onMessage: ((message: FromTaskProcess) => void) | null = null;

  private constructor(child: ChildProcess & { pid: number }, output: ProcessOutput, heapMiB: number | null) {
    this.#child = child;
    this.pid = child.pid;
    this.heapMiB = heapMiB;
    this.#output = output;
    this.#exit = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#hasExited = true;
        this.#signalGroup("SIGKILL"); // whatever the task has started and left behind
        resolve({ kind: "exited", code, signal });
      });
    });
    child.on("message", (message) => this.#onMessage?.(message as FromTaskProcess));
    child.on("error", () => {}); // a failed send: the exit that follows tells more
  }

  /** Starts a process and waits until it is ready. @throws SweepError `ENVIRONMENT` with its output if it is not. */
  static async start(options: WarmProcessOptions): Promise<WarmProcess> {
    const output = new ProcessOutput(options.outputPath);
    const child = spawnChild(options, output.file);
    if (!hasPid(child)) {
      const cause = await new Promise((resolve) => child.once("error", resolve));
      output.close();
      throw new SweepError("ENVIRONMENT", `a task process could not be started: ${String(cause)}.`, {
        cause,
      });
    }
    const started = new WarmProcess(child, output, options.heapMiB);
    const giveUp = (): void => started.#signalGroup("SIGKILL");
    options.signal?.addEventListener("abort", giveUp);
    if (options.signal?.aborted === true) giveUp();
    const problem = await started.#whyNotReady(options.startTimeoutMs);
    options.signal?.removeEventListener("abort", giveUp);
    const text = started.#output.readNew().trim(); // also so that no task is given the words of the start
    if (problem === null) return started;
    await started.kill();
    started.close();
    throw new SweepError(
      "ENVIRONMENT",
      `${problem}${text === "" ? "" : ` Its output ends in:\n${text.slice(-2000)}`}`,
    );
  }

  get isAlive(): boolean {
    return !this.#hasExited && !this.#isRetired && this.#child.connected;
  }

  /** Runs one task to its end, which may be the end of the process. One at a time. */
  async run(message: RunMessage, onProgress: (progress: Progress) => void): Promise<AttemptEnd> {
    const answer = new Promise<AttemptEnd>((resolve) => {
      this.#onMessage = (reply) => {
        if (reply.kind === "progress")
          onProgress({ done: reply.done, total: reply.total, phase: reply.phase });
        else if (reply.kind !== "ready") resolve(reply);
      };
    });
    this.#send(message);
    const end = await Promise.race([answer, this.#exit]);
    this.#onMessage = null;
    if (end.kind === "failed" && end.isLast) this.#isRetired = true;
    return end;
  }

  /** Asks the running task to checkpoint and give back. */
  requestStop(): void {
    this.#send({ kind: "stop" });
  }

  /** TERM to the group, which asks the same, and after the grace KILL unless `isOver` says that it obeyed. */
  async terminate(graceMs: number, isOver: () => boolean): Promise<void> {
    this.#signalGroup("SIGTERM");
    await Promise.race([sleep(graceMs, undefined, { ref: false }), this.#exit, whenTrue(isOver)]);
    if (!isOver()) await this.kill();
  }

  /** KILL to the group; done when the process is gone. */
  async kill(): Promise<void> {
    this.#signalGroup("SIGKILL");
    await this.#exit;
  }

  /** Lets an idle process end by itself, or kills it after `graceMs`; then frees what it held here. */
  async end(graceMs: number): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = new AbortController();
    const late = sleep(graceMs, true, { signal: timer.signal }).catch(() => false);
    if ((await Promise.race([this.#exit, late])) === true) await this.kill();
    timer.abort();
    this.close();
  }

  /** Text that native code and the runtime wrote since the last call. */
  readNativeOutput(): string {
    return this.#output.readNew();
  }

  /** Frees the output file; the process must be gone. */
  close(): void {
    this.#output.close();
  }

  #send(message: ToTaskProcess): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #signalGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // No process of the group is left.
    }
  }

  async #whyNotReady(timeoutMs: number): Promise<string | null> {
    const ready = new Promise<FromTaskProcess>((resolve) => {
      this.#onMessage = resolve;
    });
    const timer = new AbortController();
    const late = sleep(timeoutMs, null, { signal: timer.signal }).catch(() => null);
    const first = await Promise.race([ready, this.#exit, late]);
    timer.abort();
    this.#onMessage = null;
    if (first === null) return `a task process was not ready after ${timeoutMs / 1000} s.`;
    if (first.kind === "ready" && first.protocol === protocolVersion) return null;
    if (first.kind !== "exited")
      return "a task process of another version of this program answered; build it again.";
    if (first.code === initFailedCode)
      return "worker_init of the card failed: its last command did not succeed.";
    return `a task process ended before it was ready (${exitText(first)}).`;
  }
}

/** `exit code 3`, `signal SIGSEGV`. */
export const exitText = ({ code, signal }: Pick<Exit, "code" | "signal">): string =>
  signal === null ? `exit code ${code}` : `signal ${signal}`;

const hasPid = (child: ChildProcess): child is ChildProcess & { pid: number } => child.pid !== undefined;

const spawnChild = (options: WarmProcessOptions, output: number): ChildProcess => {
  const flags = options.heapMiB === null ? [] : [`--max-old-space-size=${Math.ceil(options.heapMiB)}`];
  const command = [process.execPath, ...flags, options.script];
  const init = `${options.workerInit}\n[ $? -eq 0 ] || exit ${initFailedCode}\nexec "$@"\n`;
  const [program, ...args] = options.workerInit === "" ? command : ["bash", "-c", init, "bash", ...command];
  return spawn(program as string, args, {
    detached: true,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", output, output, "ipc"],
  });
};

const whenTrue = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await sleep(20, undefined, { ref: false });
};
