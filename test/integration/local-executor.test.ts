/** The local executor with real processes that sleep, fail, crash, hang and allocate. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LocalCard } from "../../src/cards/card.ts";
import { systemClock } from "../../src/core/clock.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { LocalExecutor } from "../../src/executors/local-executor.ts";
import { type PlanOutcome, type RunPlanOptions, runPlan } from "../../src/executors/run-plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Task } from "../../src/plan/task.ts";
import type { TaskState } from "../../src/plan/task-state.ts";
import type { Lease, SubmitOptions, TaskSource } from "../../src/queue/broker.ts";
import { LocalBroker } from "../../src/queue/local-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import type { SweepEvent } from "../../src/queue/sweep-event.ts";
import { aLocalCard } from "../support/cards.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { isRunning, taskProcessesOf, until } from "../support/processes.ts";

const script = join(packageRoot, "dist", "workers", "task-process.js");
const submit: SubmitOptions = {
  retryPolicy: { ...defaultRetryPolicy, backoffMs: 10 },
  maxFailures: null,
  expectedSec: new Map(),
};

describe.skipIf(process.platform !== "linux" || !existsSync(script))(
  "local executor (needs Linux and a build)",
  () => {
    let folder = "";
    let events: SweepEvent[] = [];
    let numResources = 0;
    /** Handles of processes and timers that keep this process alive. */
    const countResources = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap" || name === "Timeout").length;
    const logs = (): string => join(folder, "logs", "noop");
    const read = (name: string): string => readFileSync(join(logs(), name), "utf8");

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
      events = [];
      numResources = countResources();
    });
    afterEach(async () => {
      rmSync(folder, { recursive: true });
      expect(taskProcessesOf(process.pid)).toEqual([]);
      await until("processes and timers are gone", () => countResources() <= numResources, 10_000);
    });

    const run = async (
      plan: Plan,
      card: LocalCard = aLocalCard(),
      options: Partial<RunPlanOptions> = {},
    ): Promise<PlanOutcome> => {
      const broker = new LocalBroker({ clock: systemClock, leaseMs: null });
      const executor = new LocalExecutor({ card, storeRoot: folder, logsRoot: join(folder, "logs") });
      const onEvent = (event: SweepEvent): void => {
        events.push(event);
        options.onEvent?.(event);
      };
      try {
        return await runPlan({ plan, broker, executor, submit, ...options, onEvent });
      } finally {
        await broker.close();
      }
    };
    const statesOf = (outcome: PlanOutcome): Record<string, TaskState> =>
      Object.fromEntries(outcome.records.map(({ task, state }) => [task.id, state]));
    const kindsOf = (taskId: string): string[] =>
      events.filter((event) => "taskId" in event && event.taskId === taskId).map(({ kind }) => kind);

    it("runs every task once, after what it needs, in one process a slot", async () => {
      const marks = join(folder, "marks");
      const tasks = Array.from({ length: 40 }, (_, index) =>
        aTask(`t${index}`, { needs: index < 20 ? [] : [`t${index - 20}`] }),
      );
      const final: string[] = [];
      const card = aLocalCard({ workerInit: `echo started >> ${marks}` });
      const outcome = await run(aPlan(tasks), card, { onTaskFinal: ({ task }) => void final.push(task.id) });
      expect(outcome.counts.done).toBe(40);
      expect(outcome.failures).toEqual([]);
      expect(new Set(final).size).toBe(40);
      for (const [index, { id }] of tasks.slice(20).entries()) {
        expect(final.indexOf(`t${index}`)).toBeLessThan(final.indexOf(id));
      }
      expect(readFileSync(marks, "utf8")).toBe("started\nstarted\n");
    });

    it("writes the output of each task into its own log pair, whose files are made by their first byte", async () => {
      await run(
        aPlan([
          aTask("a", { behaviour: { stdout: "a says", stderr: "a warns" } }),
          aTask("b", { behaviour: { stdout: "b says" } }),
        ]),
        aLocalCard({ slots: 1 }),
      );
      expect(readdirSync(logs()).sort()).toEqual(["a.err", "a.log", "b.log"]);
      expect([read("a.log"), read("a.err"), read("b.log")]).toEqual(["a says\n", "a warns\n", "b says\n"]);
    });

    it("reports a task's own failure with the end of its log, and everything else goes on", async () => {
      const outcome = await run(
        aPlan([
          aTask("bad", { behaviour: { fail: "the data is poisoned" } }),
          aTask("child", { needs: ["bad"] }),
          aTask("good"),
        ]),
      );
      expect(statesOf(outcome)).toEqual({ bad: "failed", child: "upstream_failed", good: "done" });
      expect(outcome.failures).toMatchObject([
        {
          state: "failed",
          error: { code: "TASK_FAILED", message: "the data is poisoned" },
          taskIds: ["bad"],
          blockedTaskIds: ["child"],
          logTail: ["TASK_FAILED: the data is poisoned"],
        },
      ]);
      expect(read("bad.err")).toBe("TASK_FAILED: the data is poisoned\n");
    });

    it("repeats a retryable failure in the same process and appends to the same log", async () => {
      const behaviour = { fail: "disk was full", retryable: true, untilAttempt: 1, stdout: "trying" };
      const outcome = await run(aPlan([aTask("a", { behaviour })]));
      expect(outcome.records[0]).toMatchObject({ state: "done", attempt: 2 });
      expect(kindsOf("a")).toEqual([
        "task_ready",
        "task_started",
        "retry",
        "task_ready",
        "task_started",
        "task_done",
      ]);
      expect(read("a.log")).toBe("trying\ntrying\n");
    });

    it("kills a task that is over its time, deaf to TERM, and goes on in a new process", async () => {
      const card = aLocalCard({ slots: 1 }, { graceSec: 0.2 });
      const slow = aTask("slow", { behaviour: { busyMs: 60_000 }, resources: { timeoutSec: 0.3 } });
      const outcome = await run(aPlan([slow, aTask("next")]), card);
      expect(statesOf(outcome)).toEqual({ slow: "timeout", next: "done" });
      const { message } = outcome.failures[0]?.error ?? { message: "" };
      expect(message).toBe(
        "task slow (task slow) ran longer than its limit of 0.3 s and was stopped. Raise timeout.sample in the experiment, or make it smaller.",
      );
      expect(read("slow.err")).toContain(message);
    });

    it("keeps the process of a task that obeys when its time is over", async () => {
      const marks = join(folder, "marks");
      const card = aLocalCard({ slots: 1, workerInit: `echo started >> ${marks}` });
      const slow = aTask("slow", { behaviour: { sleepMs: 60_000 }, resources: { timeoutSec: 0.2 } });
      const outcome = await run(aPlan([slow, aTask("next")]), card);
      expect(statesOf(outcome)).toEqual({ slow: "timeout", next: "done" });
      expect(readFileSync(marks, "utf8")).toBe("started\n");
    });

    it("stops a task whose processes hold more memory than allowed, although it never yields", async () => {
      const behaviour = { allocateMiB: 512, busyMs: 60_000 };
      const fat = aTask("fat", { behaviour, resources: { memoryMiB: 256 } });
      const outcome = await run(aPlan([fat, aTask("next")]), aLocalCard({ slots: 1 }));
      expect(statesOf(outcome)).toEqual({ fat: "out_of_memory", next: "done" });
      expect(outcome.failures[0]?.error).toMatchObject({ code: "OUT_OF_MEMORY" });
    });

    it("calls a JavaScript heap that is full out of memory and keeps the runtime's last words", async () => {
      const fat = aTask("fat", { behaviour: { heapMiB: 4096 } });
      const outcome = await run(aPlan([fat, aTask("next")]), aLocalCard({ slots: 1, memoryMiB: 300 }));
      expect(statesOf(outcome)).toEqual({ fat: "out_of_memory", next: "done" });
    });

    it("gives the task of a process that exits by itself to a new process", async () => {
      const outcome = await run(aPlan([aTask("a", { behaviour: { exitCode: 3, untilAttempt: 1 } })]));
      expect(outcome.records[0]).toMatchObject({ state: "done", attempt: 2 });
      expect(events.find(({ kind }) => kind === "worker_lost")).toMatchObject({
        message: "the process of task a (task a) ended by itself: exit code 3.",
      });
    });

    it("ends a task whose process always dies after the crash limit", async () => {
      const outcome = await run(aPlan([aTask("a", { behaviour: { exitCode: 3 } })]));
      expect(outcome.records[0]).toMatchObject({
        state: "failed",
        attempt: 4,
        failure: { cause: "worker_lost" },
      });
    });

    it("runs the task of a process that was killed with -9 again", async () => {
      const running = run(aPlan([aTask("a", { behaviour: { sleepMs: 60_000, untilAttempt: 1 } })]));
      await until("the task runs", () => events.some(({ kind }) => kind === "progress"));
      process.kill(taskProcessesOf(process.pid)[0] as number, "SIGKILL");
      const outcome = await running;
      expect(outcome.records[0]).toMatchObject({ state: "done", attempt: 2 });
    });

    it("replaces a process that died between two tasks at no cost", async () => {
      const long = aTask("long", { behaviour: { sleepMs: 5000 } });
      let hasKilled = false;
      const groups = ["a", "b"].flatMap(
        (label) => aLocalCard({ label, slots: 1, env: { GROUP: label } }).executors,
      );
      const outcome = await run(
        aPlan([long, aTask("short"), aTask("after", { needs: ["long"] })]),
        aLocalCard({}, { executors: groups }),
        {
          onEvent: (event) => {
            if (event.kind !== "progress" || hasKilled || !events.some(({ kind }) => kind === "task_done"))
              return;
            hasKilled = true;
            for (const pid of taskProcessesOf(process.pid))
              if (pid !== pidOf("long")) process.kill(pid, "SIGKILL");
          },
        },
      );
      expect(hasKilled).toBe(true);
      expect(outcome.counts.done).toBe(3);
      expect(events.filter(({ kind }) => kind === "worker_lost")).toEqual([]);
    });

    /** The process of the group whose slot began the task. */
    const pidOf = (taskId: string): number | undefined => {
      const started = events.findLast((event) => event.kind === "task_started" && event.taskId === taskId);
      const group = started?.kind === "task_started" ? started.worker.split("/")[0] : "none";
      return taskProcessesOf(process.pid).find((pid) =>
        readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`GROUP=${group}`),
      );
    };

    it("takes an error that nothing caught for the task's and replaces the process", async () => {
      const a = aTask("a", { behaviour: { throwAside: "lost promise", sleepMs: 1000 } });
      const outcome = await run(aPlan([a, aTask("b")]), aLocalCard({ slots: 1 }));
      expect(statesOf(outcome)).toEqual({ a: "failed", b: "done" });
      expect(outcome.failures[0]?.error).toMatchObject({ code: "BUG", message: "lost promise" });
      expect(events.filter(({ kind }) => kind === "worker_lost")).toEqual([]);
    });

    it("forwards progress", async () => {
      await run(aPlan([aTask("a", { behaviour: { sleepMs: 400 } })]));
      const progress = events.filter((event) => event.kind === "progress");
      expect(progress.length).toBeGreaterThanOrEqual(2);
      expect(progress[0]).toMatchObject({ taskId: "a", attempt: 1, total: 400, phase: "sleep" });
    });

    it("on stop asks running tasks to give back and starts nothing new", async () => {
      const stop = new AbortController();
      const tasks = [...Array(5).keys()].map((index) =>
        aTask(`t${index}`, { behaviour: { sleepMs: 60_000 } }),
      );
      const outcome = await run(aPlan(tasks), aLocalCard(), {
        stop: stop.signal,
        onEvent: ({ kind }) => kind === "progress" && stop.abort("stopped by the user (SIGINT)"),
      });
      expect(outcome.counts.cancelled).toBe(5);
      expect(outcome.wasStopped).toBe(true);
      expect(outcome.records[4]?.reason).toBe("stopped by the user (SIGINT)");
      expect(events.filter(({ kind }) => kind === "given_back")).toHaveLength(2);
      expect(events.filter(({ kind }) => kind === "worker_lost")).toEqual([]);
    });

    it("on stop kills a task that does not give back within the grace", async () => {
      const stop = new AbortController();
      const outcome = await run(
        aPlan([aTask("a", { behaviour: { busyMs: 60_000 } })]),
        aLocalCard({}, { graceSec: 0.3 }),
        {
          stop: stop.signal,
          onEvent: ({ kind }) => kind === "task_started" && setTimeout(() => stop.abort("enough"), 300),
        },
      );
      expect(statesOf(outcome)).toEqual({ a: "cancelled" });
    });

    it("a task that is stopped before its process is ready takes nothing from the next one, which gets that process", async () => {
      const broker = new LocalBroker({ clock: systemClock, leaseMs: null });
      const next = aTask("next", { behaviour: { sleepMs: 4000 } });
      const card = aLocalCard({ slots: 1, workerInit: "sleep 1" }, { graceSec: 2 });
      const outcome = await run(aPlan([aTask("a"), next]), card, {
        broker,
        onEvent: (event) => {
          if (event.kind === "task_started" && event.taskId === "a")
            setTimeout(() => void broker.cancel("not wanted", ["a"]), 50); // once the slot has it
        },
      });
      expect(statesOf(outcome)).toEqual({ a: "cancelled", next: "done" });
      expect(events.filter(({ kind }) => kind === "worker_lost")).toEqual([]);
    });

    it("on kill ends everything at once, whatever the grace", async () => {
      const kill = new AbortController();
      const outcome = await run(
        aPlan([aTask("a", { behaviour: { busyMs: 60_000 } })]),
        aLocalCard({}, { graceSec: 3600 }),
        {
          kill: kill.signal,
          onEvent: ({ kind }) => kind === "task_started" && setTimeout(() => kill.abort("now"), 300),
        },
      );
      expect(statesOf(outcome)).toEqual({ a: "cancelled" });
      expect(outcome.wasStopped).toBe(true);
    });

    it("on kill does not wait for a worker_init that hangs", async () => {
      const kill = new AbortController();
      const outcome = await run(aPlan([aTask("a")]), aLocalCard({ workerInit: "sleep 3600" }), {
        kill: kill.signal,
        onEvent: ({ kind }) => kind === "task_started" && setTimeout(() => kill.abort("now"), 100),
      });
      expect(statesOf(outcome)).toEqual({ a: "cancelled" });
    });

    it("stops nothing when it is stopped before it begins", async () => {
      const outcome = await run(aPlan([aTask("a")]), aLocalCard(), { stop: AbortSignal.abort("early") });
      expect(statesOf(outcome)).toEqual({ a: "cancelled" });
      expect(events.some(({ kind }) => kind === "task_started")).toBe(false);
    });

    it("fail-fast stops what runs and what waits", async () => {
      const tasks = [
        aTask("bad", { behaviour: { fail: "broken" } }),
        aTask("long", { behaviour: { sleepMs: 60_000 } }),
        aTask("later"),
      ];
      const outcome = await run(aPlan(tasks), aLocalCard(), { submit: { ...submit, maxFailures: 1 } });
      expect(statesOf(outcome)).toMatchObject({ bad: "failed", long: "cancelled" });
      expect(outcome.wasStopped).toBe(false);
    });

    it("gives each group of workers only the kinds it serves, with its environment", async () => {
      const card = aLocalCard({ serves: ["build-target"] });
      const others = aLocalCard({ label: "any", serves: ["noop"], slots: 1, env: { GREETING: "hello" } });
      const both = { ...card, executors: [...card.executors, ...others.executors] };
      await run(aPlan([aTask("a")]), both);
      expect(events.find((event) => event.kind === "task_started")).toMatchObject({ worker: "any/slot-0" });
    });

    it("says with its output that worker_init failed, and leaves nothing running", async () => {
      const card = aLocalCard({ workerInit: "echo no such module; false" });
      await expect(run(aPlan([aTask("a")]), card)).rejects.toMatchObject({
        code: "ENVIRONMENT",
        message:
          "worker_init of the card failed: its last command did not succeed. Its output ends in:\nno such module",
      });
      expect(events.some(({ kind }) => kind === "sweep_done")).toBe(true);
    });

    it("keeps output that belongs to no task under run_dir", async () => {
      const card = aLocalCard(
        { slots: 1, workerInit: "echo loading modules" },
        { runDir: join(folder, "workers") },
      );
      await run(aPlan([aTask("a")]), card);
      expect(readFileSync(join(folder, "workers", "local", "slot-0.out"), "utf8")).toBe("loading modules\n");
      expect(existsSync(join(folder, "logs"))).toBe(false);
    });

    it("throws what a listener of finished tasks threw, after everything was stopped", async () => {
      const tasks = [aTask("a"), aTask("long", { behaviour: { sleepMs: 60_000 } })];
      const onTaskFinal = (): Promise<void> => Promise.reject(new Error("table cannot be written"));
      await expect(run(aPlan(tasks), aLocalCard(), { onTaskFinal })).rejects.toThrow(
        "table cannot be written",
      );
    });

    /** One slot that is given task `a`, then what `next` says before `complete` has told the success of `a`. */
    const slotWithNext = (next: () => Lease, complete: (executor: LocalExecutor) => boolean) => {
      const given: string[] = [];
      const executor = new LocalExecutor({
        card: aLocalCard({ slots: 1 }),
        storeRoot: folder,
        logsRoot: null,
      });
      const answers = [() => leaseOf(aTask("a")), next];
      const source: TaskSource = {
        lease: async () => answers.shift()?.() ?? null,
        complete: async () => {
          await new Promise((resolve) => setTimeout(resolve, 50)); // the next lease is there first
          return complete(executor);
        },
        fail: () => Promise.resolve(true),
        giveBack: async ({ task }) => given.push(task.id) > 0,
        renew: () => Promise.resolve(true),
        subscribe: () => () => {},
        close: () => Promise.resolve(),
      };
      return { executor, source, given };
    };
    const leaseOf = (task: Task): Lease => ({ task, attempt: 1, attemptToken: task.id, worker: "w" });
    const fails = (words: string) => (): never => {
      throw new Error(words);
    };

    it.each([
      ["gives back what it has leased meanwhile", () => leaseOf(aTask("b")), ["b", "a"]],
      ["ends by that error, also if there is no next task to be had either", fails("no next either"), ["a"]],
    ])("a slot whose success cannot be told %s", async (_, next, expected) => {
      const { executor, source, given } = slotWithNext(next, fails("no connection"));
      await expect(executor.run(source)).rejects.toThrow("no connection");
      expect(given).toEqual(expected);
    });

    it.each(["drain", "kill"] as const)(
      "a lease that was on its way when a slot was told to end (%s) is given back, not begun",
      async (end) => {
        const long = aTask("b", { behaviour: { sleepMs: 60_000 } });
        const { executor, source, given } = slotWithNext(
          () => leaseOf(long),
          (told) => {
            told[end]();
            return true;
          },
        );
        await executor.run(source);
        expect(given).toEqual(["b"]);
      },
      15_000,
    );

    it("leaves no process behind when the driver is killed with -9", async () => {
      const driver = spawn(process.execPath, [join(packageRoot, "dist", "test", "support", "drive-noop.js")]);
      let output = "";
      driver.stdout.on("data", (text: Buffer) => {
        output += text.toString();
      });
      await until("both tasks run", () => /task_started\n.*task_started\n.*progress/s.test(output));
      await until("both processes are there", () => taskProcessesOf(driver.pid as number).length === 2);
      const processes = taskProcessesOf(driver.pid as number);
      await new Promise((resolve) => setTimeout(resolve, 300)); // into the tasks
      driver.kill("SIGKILL");
      await until("the task processes are gone", () => !processes.some(isRunning));
    });
  },
);
