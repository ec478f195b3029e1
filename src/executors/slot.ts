/**
 * One slot: takes one task after another from the broker and runs each in its warm process, within its limits.
 *
 * idle        waiting for a lease; a process may be warm
 * starting    a lease is held and a process is being started; after repeated failures the slot gives up
 * running     the process works; deadline, memory, stop requests and the lease's validity are watched
 * ending      over a limit, stopped or stale: TERM, grace, KILL of the process group; or the process crashed
 * closed      the broker has nothing more, or the slot was drained; the process has ended
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lease, LeaseRequest, TaskSource } from "../queue/broker.ts";
import type { TaskFailure } from "../queue/failure.ts";
import type { Progress, TaskPaths } from "../queue/task-messages.ts";
import { type StopCause, type Verdict, verdictOf } from "./attempt-end.ts";
import { failureTail } from "./log-tail.ts";
import type { SlotOptions } from "./slot-options.ts";
import { type AttemptEnd, WarmProcess } from "./warm-process.ts";

/** A slot gives up when its process could not be started so often in a row. */
const maxStartFailures = 3;
/** An idle process that was asked to end has this long. */
const endGraceMs = 2000;

interface RunningAttempt {
  readonly lease: Lease;
  process: WarmProcess | null;
  stopCause: StopCause | null;
  isOver: boolean;
  stopTimer: NodeJS.Timeout | null;
}

/** Owned by one executor, which drives the checks by `check`. */
export class Slot {
  readonly #options: SlotOptions;
  readonly #drain = new AbortController();
  readonly #kill = new AbortController();
  #process: WarmProcess | null = null;
  #current: RunningAttempt | null = null;
  #numStartFailures = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Works until the broker has nothing more or the slot is drained. @throws SweepError `ENVIRONMENT`. */
  async run(broker: TaskSource): Promise<void> {
    try {
      let lease = await broker.lease(this.#request());
      while (lease !== null) lease = await this.#runAttempt(broker, lease);
    } finally {
      await this.#process?.end(endGraceMs);
      this.#process = null;
    }
  }

  /** Id of the task that is held now. */
  get taskId(): string | null {
    return this.#current?.lease.task.id ?? null;
  }

  /** Takes nothing new and asks the running task to give back. */
  drain(): void {
    this.#drain.abort();
    this.requestStop();
  }

  /** Asks the running task to checkpoint and give back; it is killed if it does not within the grace. */
  requestStop(): void {
    const attempt = this.#current;
    if (attempt === null || attempt.stopCause !== null) return;
    attempt.stopCause = "stop";
    attempt.process?.requestStop();
    attempt.stopTimer = setTimeout(() => void attempt.process?.kill(), this.#options.graceMs);
  }

  /** Takes nothing new and ends the running task's processes now. */
  kill(): void {
    this.#drain.abort();
    this.#kill.abort();
    if (this.#current !== null) this.#abort(this.#current, "stop");
  }

  /** Looks at memory and at the lease; called by the executor every fraction of a second. */
  check(broker: TaskSource, isRenewalDue: boolean): void {
    const attempt = this.#current;
    if (attempt === null) return;
    const memoryMiB = this.#memoryLimitOf(attempt.lease);
    if (memoryMiB !== null && attempt.process !== null) {
      const held = this.#options.readMemoryMiB(attempt.process.pid);
      if (held !== null && held > memoryMiB) this.#abort(attempt, "memory");
    }
    if (isRenewalDue) void this.#renew(broker, attempt, null);
  }

  #request(): LeaseRequest {
    const { worker, serves, remainingSec } = this.#options;
    return { worker, serves, remainingSec: remainingSec(), signal: this.#drain.signal };
  }

  /** One attempt from start to end; returns the next lease. */
  async #runAttempt(broker: TaskSource, lease: Lease): Promise<Lease | null> {
    const attempt: RunningAttempt = { lease, process: null, stopCause: null, isOver: false, stopTimer: null };
    this.#current = attempt;
    try {
      const verdict = await this.#verdictOn(broker, attempt);
      this.#current = null;
      return await this.#reportAndLease(broker, lease, verdict);
    } catch (error) {
      await broker.giveBack(lease);
      throw error;
    } finally {
      if (attempt.stopTimer !== null) clearTimeout(attempt.stopTimer); // also of one that was stopped before it ran
      this.#current = null;
    }
  }

  async #verdictOn(broker: TaskSource, attempt: RunningAttempt): Promise<Verdict> {
    try {
      // A lease that was on its way when the slot was drained or killed is not begun: nothing would end it.
      if (this.#drain.signal.aborted) return { kind: "give_back" };
      if (!(await this.#warmUp(attempt.lease))) return { kind: "give_back" };
      attempt.process = this.#process;
      return await this.#supervise(broker, attempt);
    } finally {
      // Also of one that was to stop before it began: its process is the next task's by then.
      if (attempt.stopTimer !== null) clearTimeout(attempt.stopTimer);
    }
  }

  /** Asks for the next task while a success is still being told: with a broker on another host that is half of the gap. */
  async #reportAndLease(broker: TaskSource, lease: Lease, verdict: Verdict): Promise<Lease | null> {
    const reported = report(broker, lease, verdict);
    if (verdict.kind !== "complete") await reported;
    const next = broker.lease(this.#request());
    next.catch(() => {}); // told when it is waited for
    try {
      await reported;
    } catch (error) {
      this.#drain.abort();
      const unwanted = await next.catch(() => null);
      if (unwanted !== null) await broker.giveBack(unwanted);
      throw error;
    }
    return next;
  }

  /** True if a process with the right heap is there. @throws SweepError `ENVIRONMENT` after repeated failures. */
  async #warmUp(lease: Lease): Promise<boolean> {
    const heapMiB = this.#memoryLimitOf(lease);
    if (this.#process?.isAlive === true && this.#process.heapMiB === heapMiB) return true;
    await this.#process?.end(endGraceMs);
    this.#process = null;
    try {
      this.#process = await WarmProcess.start({
        ...this.#options.process,
        heapMiB,
        signal: this.#kill.signal,
      });
      this.#numStartFailures = 0;
      return true;
    } catch (error) {
      if (this.#kill.signal.aborted) return false;
      this.#numStartFailures++;
      if (this.#numStartFailures >= maxStartFailures) throw error;
      await sleep(200 * 2 ** this.#numStartFailures);
      return false;
    }
  }

  async #supervise(broker: TaskSource, attempt: RunningAttempt): Promise<Verdict> {
    const { lease, process } = attempt as RunningAttempt & { process: WarmProcess };
    if (attempt.stopCause === "stop") return { kind: "give_back" };
    const paths = this.#options.pathsOf(lease.task);
    const { timeoutSec } = lease.task.resources;
    const deadline = timeoutSec === null ? null : setTimeout(() => this.#timeOut(attempt), timeoutSec * 1000);
    const { task, attempt: number, attemptToken } = lease;
    const { sweep } = this.#options;
    const request = { kind: "run", task, attempt: number, attemptToken, sweep, paths } as const;
    const end = await process.run(request, (progress) => {
      void this.#renew(broker, attempt, progress);
    });
    attempt.isOver = true;
    if (deadline !== null) clearTimeout(deadline);
    return this.#judge(attempt, end, paths);
  }

  #judge(attempt: RunningAttempt, end: AttemptEnd, paths: TaskPaths): Verdict {
    const { lease, stopCause } = attempt;
    const nativeOutput = attempt.process?.readNativeOutput() ?? "";
    if (nativeOutput !== "") appendTo(paths.err, nativeOutput);
    const { timeoutSec } = lease.task.resources;
    const memoryMiB = this.#memoryLimitOf(lease);
    const { task, attemptToken } = lease;
    const leftAnswer = end.kind === "exited" ? this.#options.answerLeftBy(task, attemptToken) : undefined;
    const verdict = verdictOf({ lease, end, stopCause, nativeOutput, leftAnswer, timeoutSec, memoryMiB });
    if (verdict.kind !== "fail") return verdict;
    if (end.kind !== "failed") appendTo(paths.err, `${verdict.failure.error.message}\n`);
    const failure: TaskFailure = { ...verdict.failure, logTail: failureTail(paths) };
    return { kind: "fail", failure };
  }

  #timeOut(attempt: RunningAttempt): void {
    if (attempt.stopCause !== null || attempt.process === null) return;
    attempt.stopCause = "timeout";
    void attempt.process.terminate(this.#options.graceMs, () => attempt.isOver);
  }

  #abort(attempt: RunningAttempt, cause: StopCause): void {
    if (attempt.isOver) return;
    attempt.stopCause ??= cause;
    void attempt.process?.kill();
  }

  async #renew(broker: TaskSource, attempt: RunningAttempt, progress: Progress | null): Promise<void> {
    if (attempt.isOver) return;
    if (!(await broker.renew(attempt.lease, progress))) this.#abort(attempt, "stale");
  }

  #memoryLimitOf(lease: Lease): number | null {
    return lease.task.resources.memoryMiB ?? this.#options.memoryMiB;
  }
}

const report = async (broker: TaskSource, lease: Lease, verdict: Verdict): Promise<void> => {
  switch (verdict.kind) {
    case "complete":
      await broker.complete(lease, verdict.summary);
      return;
    case "give_back":
      await broker.giveBack(lease);
      return;
    case "fail":
      await broker.fail(lease, verdict.failure);
      return;
    case "drop":
  }
};

const appendTo = (path: string | null, text: string): void => {
  try {
    if (path === null) return;
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, text);
  } catch {
    // The verdict goes to the broker in any case; a full disk must not stop the slot.
  }
};
