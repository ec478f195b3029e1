/**
 * The executor of pilots against a SLURM of shell scripts that fails, hangs, prints noise and lies: never more than
 * max_blocks allocations, and nothing left behind. Its clock runs a hundred times faster than the machine's.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SlurmCard } from "../../src/cards/card.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { SweepError } from "../../src/core/errors.ts";
import { readLedger } from "../../src/executors/pilots/block-ledger.ts";
import { PilotExecutor } from "../../src/executors/pilots/pilot-executor.ts";
import type { BlockEvent } from "../../src/executors/pilots/pilot-fleet.ts";
import { SlurmAllocator } from "../../src/executors/slurm-allocator.ts";
import type { Broker } from "../../src/queue/broker.ts";
import { LocalBroker } from "../../src/queue/local-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import type { WorkerHeartbeat } from "../../src/queue/worker-heartbeat.ts";
import { type FakeSlurm, type FakeSlurmBehaviour, fakeSlurm } from "../support/fake-slurm.ts";
import { aHeartbeat } from "../support/heartbeats.ts";
import { aSlurmCard } from "../support/pilot-cards.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { until } from "../support/processes.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const speed = 100;

interface World {
  readonly slurm: FakeSlurm;
  readonly broker: Broker;
  readonly executor: PilotExecutor;
  readonly folder: string;
  readonly events: BlockEvent[];
  readonly warnings: string[];
  readonly heartbeats: WorkerHeartbeat[];
  readonly drained: string[];
}

/** A sweep of four tasks that nobody works on, and its executor. */
const aWorld = async (
  lines: string,
  behaviour: FakeSlurmBehaviour = {},
  folder = temporaryFolder(),
  cmdTimeoutSec = 20,
): Promise<World> => {
  const submit = `submit: { cmd_timeout: ${cmdTimeoutSec}, min_interval: 1 }`;
  const card: SlurmCard = aSlurmCard(`label: a\n${submit}\n${lines}`);
  const slurm = fakeSlurm(behaviour);
  const broker = new LocalBroker({ clock: systemClock, leaseMs: null });
  await broker.submit(aPlan(["a", "b", "c", "d"].map((id) => aTask(id))), {
    retryPolicy: defaultRetryPolicy,
    maxFailures: null,
    expectedSec: new Map(),
  });
  const [events, warnings, heartbeats, drained]: [BlockEvent[], string[], WorkerHeartbeat[], string[]] = [
    [],
    [],
    [],
    [],
  ];
  const start = Date.now();
  const executor = new PilotExecutor({
    card,
    sweepId: "swp_0123456789ab",
    allocator: new SlurmAllocator(card),
    pool: {
      workers: () => Promise.resolve(heartbeats),
      requestDrain: (id) => {
        drained.push(id);
        return Promise.resolve();
      },
    },
    program: { node: process.execPath, main: "/x/main.js", connection: "/x/redis.json" },
    blocksFolder: folder,
    workingFolder: folder,
    onBlock: (event) => events.push(event),
    warn: (message) => warnings.push(message),
    tickMs: 20,
    now: () => start + (Date.now() - start) * speed,
  });
  return { slurm, broker, executor, folder, events, warnings, heartbeats, drained };
};

const failureOf = async (run: Promise<void>): Promise<SweepError> =>
  await run.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error as SweepError,
  );

describe("pilot executor", () => {
  it("starts as many blocks as the demand asks for, within max_blocks and backlog, and ends them with the sweep", async () => {
    const { slurm, broker, executor, events } = await aWorld("max_blocks: 3\nbacklog: 3");
    const run = executor.run(broker);
    await until("three blocks wait", () => slurm.alive().length === 3);
    await broker.cancel("enough");
    await run;
    expect(slurm.alive()).toEqual([]);
    expect(slurm.mostAlive()).toBe(3);
    expect(events.map(({ state }) => state)).toEqual([
      ...Array(3).fill("submitted"),
      ...Array(3).fill("cancelled"),
    ]);
  });

  it("asks SLURM once a minute of its clock, for all blocks at once", async () => {
    const { slurm, broker, executor } = await aWorld("max_blocks: 3\nbacklog: 3");
    const start = Date.now();
    const run = executor.run(broker);
    await until("it has asked thrice", () => slurm.calls("squeue") >= 3);
    expect(Date.now() - start).toBeGreaterThanOrEqual((3 * 60_000) / speed - 100);
    await broker.cancel("enough");
    await run;
  });

  it("asks SLURM nothing while every block's worker is heard of", async () => {
    const { slurm, broker, executor, heartbeats } = await aWorld("max_blocks: 1");
    heartbeats.push(aHeartbeat({ block: "a-1", slots: 1, busy: 1 }));
    const run = executor.run(broker);
    await new Promise((resolve) => setTimeout(resolve, (3 * 60_000) / speed));
    expect(slurm.calls("squeue")).toBe(0);
    await broker.cancel("enough");
    heartbeats.length = 0;
    await run;
  });

  const misbehaviours: Readonly<Record<string, FakeSlurmBehaviour>> = {
    "prints noise around the id": { sbatch: 'echo "Welcome! 3 jobs"; echo $id; echo bye' },
    "prints no id": { sbatch: "echo thank you" },
    "hangs after it has queued the job": { sbatch: "sleep 60" },
    "fails after it has queued the job": {
      sbatch:
        'echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1',
    },
    "fails without a word after it has queued the job": { sbatch: "exit 1" },
    "fails in a plugin after it has queued the job": {
      sbatch: 'echo $id; echo "sbatch: error: spank: plugin failed in exit hook" >&2; exit 1',
    },
    "misses a command after it has queued the job": { sbatch: "echo $id; exit 127" },
    "is killed after it has queued the job": { sbatch: "kill -9 $$" },
    "is answered by a squeue that fails": {
      squeue: "echo 'slurm_load_jobs error: Unable to contact' >&2; exit 1",
    },
    "is answered by a squeue that hangs": { squeue: "sleep 60" },
    "is answered by a squeue that knows nothing": { squeue: "true" },
    "is answered by a squeue that calls everything done": {
      squeue:
        'for f in jobs/*; do [ -e "$f" ] && echo "${f#jobs/}|$(cat "$f")|COMPLETED|n1|None"; done; true',
    },
    "is answered by a squeue of unknown states": {
      squeue:
        'for f in jobs/*; do [ -e "$f" ] && echo "${f#jobs/}|$(cat "$f")|LEVITATING|n1|None"; done; true',
    },
    "is answered by a squeue that prints noise": { squeue: "echo '%$|x||PENDING'; echo; echo '||||'" },
  };
  for (const [what, behaviour] of Object.entries(misbehaviours)) {
    it(`never has more than max_blocks allocations when sbatch ${what}`, async () => {
      const { slurm, broker, executor } = await aWorld(
        "max_blocks: 2\nbacklog: 2",
        behaviour,
        temporaryFolder(),
        2,
      );
      const run = executor.run(broker).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 3000)); // five minutes of its clock
      await broker.cancel("enough");
      await run;
      expect(slurm.mostAlive()).toBeGreaterThan(0);
      expect(slurm.mostAlive()).toBeLessThanOrEqual(2);
      expect(slurm.alive()).toEqual([]);
    });
  }

  it("gives up at once, with SLURM's words, on what will never be taken", async () => {
    const { slurm, broker, executor } = await aWorld("partition: nope", {
      sbatchBefore: 'echo "sbatch: error: invalid partition specified: nope" >&2; exit 1',
    });
    const error = await failureOf(executor.run(broker));
    expect(error).toMatchObject({ code: "ENVIRONMENT" });
    expect(error.message).toBe(
      'card "a": sbatch refused the block (exit code 1): "sbatch: error: invalid partition specified: nope".',
    );
    expect(slurm.calls("sbatch")).toBe(1);
  });

  it("tries a card that was never taken three times, with pauses, before it gives up", async () => {
    const { slurm, broker, executor, warnings } = await aWorld("", {
      sbatchBefore:
        'echo "sbatch: error: Batch job submission failed: the moon is in the wrong house" >&2; exit 1',
    });
    expect((await failureOf(executor.run(broker))).message).toMatch(/the moon is in the wrong house/);
    expect(slurm.calls("sbatch")).toBe(3);
    expect(warnings).toHaveLength(2);
  });

  it("says where sbatch is missed", async () => {
    const { broker, executor } = await aWorld("");
    process.env["PATH"] = temporaryFolder();
    expect((await failureOf(executor.run(broker))).message).toMatch(
      /sbatch is not on PATH here\. .* submit\.via/,
    );
  });

  it("stops after start_fails_to_pause blocks that start no worker, with the end of their output", async () => {
    const { slurm, broker, executor, folder } = await aWorld("max_blocks: 4", {
      // The script "runs" at once: worker_init fails.
      sbatch: `echo $id; name=$(sed 's/.*[.]//' jobs/$id); rm jobs/$id; out=$(sed -n 's/^#SBATCH --output=//p' <<<"$script")
echo "module: command not found" >"$out"; echo "97 worker_init n1 " >"\${out%.out}.exit"`,
    });
    const error = await failureOf(executor.run(broker));
    expect(error.message).toMatch(
      /^card "a": 3 blocks in a row did not start a worker\. The last: block a-\d/,
    );
    expect(error.message).toMatch(/worker_init of the card failed on n1 \(exit code 97\)/);
    expect(error.message).toMatch(/ends in:\nmodule: command not found/);
    expect(slurm.calls("sbatch")).toBeLessThanOrEqual(4);
    expect(readFileSync(join(folder, "a-1.out"), "utf8")).toContain("module");
  });

  it("leaves out nodes on which workers do not start while they start elsewhere", async () => {
    const { broker, executor, heartbeats, folder, warnings } = await aWorld("max_blocks: 2", {
      sbatch: `echo $id; if [ $n = 2 ]; then out=$(sed -n 's/^#SBATCH --output=//p' <<<"$script"); rm jobs/$id; echo "96 start n2 " >"\${out%.out}.exit"; fi
echo "$script" >script.$n`,
    });
    heartbeats.push(aHeartbeat({ block: "a-1", node: "n1", slots: 1, busy: 1 }));
    const run = executor.run(broker);
    await until("a node is left out", () => (readLedger(join(folder, "a.json"))?.bad_nodes.length ?? 0) > 0);
    expect(readLedger(join(folder, "a.json"))?.bad_nodes).toEqual(["n2"]);
    expect(warnings.some((text) => text.includes("no further block is given n2"))).toBe(true);
    await broker.cancel("enough");
    heartbeats.length = 0;
    await run;
  });

  it("a second driver finds the blocks of the first instead of starting as many anew", async () => {
    const folder = temporaryFolder();
    const first = await aWorld("max_blocks: 2\nbacklog: 2", {}, folder);
    const dying = first.executor.run(first.broker);
    await until("two blocks wait", () => first.slurm.alive().length === 2);
    const ledger = readFileSync(join(folder, "a.json"), "utf8");
    // What is left after kill -9: the list as it was, and the jobs.
    const blocks = (JSON.parse(ledger) as { blocks: unknown[] }).blocks;
    expect(blocks).toHaveLength(2);
    const second = await aWorldOn(first, folder);
    const run = second.executor.run(second.broker);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(first.slurm.calls("sbatch")).toBe(2);
    await second.broker.cancel("enough");
    await run;
    expect(first.slurm.alive()).toEqual([]);
    await first.broker.cancel("enough");
    await dying;
  });

  it("keeps min_blocks without work", async () => {
    const { broker, executor, heartbeats, drained } = await aWorld(
      "max_blocks: 2\nserves: build\nmin_blocks: 1\nmax_idletime: 60",
    );
    heartbeats.push(aHeartbeat({ block: "a-1" }));
    const run = executor.run(broker);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(drained).toEqual([]); // min_blocks
    await broker.cancel("enough");
    heartbeats.length = 0;
    await run;
  });

  it("kill ends all blocks at once", async () => {
    const { slurm, broker, executor } = await aWorld("max_blocks: 2\nbacklog: 2");
    const run = executor.run(broker);
    await until("two blocks wait", () => slurm.alive().length === 2);
    executor.kill();
    await run;
    expect(slurm.alive()).toEqual([]);
  });
});

/** Another driver in the same SLURM. */
const aWorldOn = async (world: World, folder: string): Promise<Pick<World, "broker" | "executor">> => {
  const path = process.env["PATH"];
  const second = await aWorld("max_blocks: 2\nbacklog: 2", {}, folder);
  process.env["PATH"] = path;
  expect(world.folder).toBe(folder);
  return second;
};
