/** Laws of what is believed about a block. */
import { describe, expect, it } from "vitest";
import {
  type Block,
  type BlockNews,
  hasFailedToStart,
  newBlock,
  observeBlock,
} from "../../../../src/executors/pilots/block.ts";
import type { ExitReport } from "../../../../src/executors/pilots/worker-script.ts";
import { type JobStatus, parseJobState } from "../../../../src/executors/slurm-status.ts";
import { aHeartbeat } from "../../../support/heartbeats.ts";

const job = (code: string, fields: Partial<JobStatus> = {}): JobStatus => ({
  id: "17",
  name: "x",
  nodes: "",
  reason: "",
  ...parseJobState(code),
  ...fields,
});
const report = (fields: Partial<ExitReport> = {}): ExitReport => ({
  code: 0,
  phase: "worker",
  node: "n1",
  asked: null,
  ...fields,
});
const quiet: BlockNews = { now: 1000, heartbeats: [], status: null, report: null };
const see = (block: Block, ...news: Partial<BlockNews>[]): Block =>
  news.reduce<Block>((seen, one) => observeBlock(seen, { ...quiet, ...one }), block);
const fresh = newBlock("a-1", "17", 0);
const heard = { heartbeats: [aHeartbeat({ busy: 1 })] };

describe("observeBlock", () => {
  it("knows nothing new from no news", () => {
    expect(see(fresh, {}, {})).toMatchObject({ phase: "pending", numGone: 0 });
    expect(see(newBlock("a", null, 0), {})).toMatchObject({ phase: "in_doubt" });
  });

  it("a heartbeat overrides whatever the scheduler says", () => {
    for (const status of [job("COMPLETED"), job("PENDING"), job("GIBBERISH"), "absent" as const]) {
      const block = see(fresh, { ...heard, status }, { ...heard, status }, { ...heard, status });
      expect(block).toMatchObject({ phase: "running", hasWorked: true, busy: 1, numGone: 0 });
    }
  });

  it("an unknown state never ends a block", () => {
    const unknown = { status: job("SLEEPWALKING") };
    expect(see(fresh, ...Array(50).fill(unknown)).phase).toBe("pending");
  });

  it("the script's last line ends a block without the scheduler", () => {
    expect(see(fresh, heard, { report: report({ code: 137 }) })).toMatchObject({ phase: "ended", slots: 0 });
    expect(see(fresh, { report: report({ asked: "USR1" }) }).phase).toBe("ended");
  });

  it("after a foreign TERM the scheduler decides: preempted and requeued blocks live on", () => {
    const asked = { report: report({ asked: "TERM" }) };
    expect(see(fresh, heard, asked)).toMatchObject({ phase: "running", isLeaving: true });
    expect(see(fresh, heard, asked, { ...asked, status: job("PENDING") })).toMatchObject({
      phase: "pending",
      isLeaving: false,
    });
    for (const code of ["CANCELLED", "TIMEOUT", "PREEMPTED", "NODE_FAIL"])
      expect(see(fresh, heard, asked, { ...asked, status: job(code) }).phase).toBe("ended");
    for (const code of ["COMPLETED", "FAILED"]) {
      const over = { ...asked, status: job(code) }; // also for a moment before it is requeued
      expect(see(fresh, heard, asked, over)).toMatchObject({ phase: "running", isLeaving: true });
      expect(see(fresh, heard, asked, over, { ...asked, status: job("PENDING") }).phase).toBe("pending");
      expect(see(fresh, heard, asked, over, over).phase).toBe("ended");
    }
    expect(see(fresh, heard, asked, { ...asked, status: job("COMPLETING") }).phase).toBe("running");
  });

  it("a requeued block is of use while it waits, though only its last life has left a word", () => {
    const asked = { report: report({ asked: "TERM" }) };
    const waiting = see(fresh, heard, asked, { ...asked, status: job("PENDING") });
    expect(see(waiting, asked, asked)).toMatchObject({ phase: "pending", isLeaving: false });
    expect(see(waiting, asked, heard, asked)).toMatchObject({ phase: "running", isLeaving: true });
  });

  it("a block that never worked is gone only when the scheduler says so twice; one that worked, once", () => {
    const gone = { status: job("FAILED") };
    expect(see(fresh, gone).phase).toBe("pending");
    expect(see(fresh, gone, gone).phase).toBe("ended");
    expect(see(fresh, gone, { status: job("PENDING") }, gone).phase).toBe("pending");
    expect(see(fresh, heard, gone).phase).toBe("ended");
  });

  it("absence counts less than an end: three times for a block that ran", () => {
    const absent = { status: "absent" as const };
    expect(see(fresh, heard, absent, absent).phase).toBe("running");
    expect(see(fresh, heard, absent, absent, absent).phase).toBe("ended");
  });

  it("a cancelled block is gone with the first answer", () => {
    const cancelled: Block = { ...fresh, cancelledAt: 5, cancelCause: "lost" };
    expect(see(cancelled, { status: "absent" }).phase).toBe("ended");
    expect(see(cancelled, { status: null }).phase).toBe("pending");
  });

  it("a doubtful block is found by its name", () => {
    expect(see(newBlock("a", null, 0), { status: job("PENDING", { id: "99" }) })).toMatchObject({
      phase: "pending",
      id: "99",
    });
  });
});

describe("hasFailedToStart", () => {
  const end = (block: Block, news: Partial<BlockNews>): boolean =>
    hasFailedToStart(
      see(block, { ...news, now: 20_000 }, { ...news, now: 20_000 }, { ...news, now: 20_000 }),
    );

  it("is true for blocks that end before a worker is heard of, and for workers that give up within a minute", () => {
    expect(end(fresh, { status: job("FAILED") })).toBe(true);
    expect(end(fresh, { report: report({ code: 97, phase: "worker_init" }) })).toBe(true);
    expect(end(see(fresh, heard), { report: report({ code: 3 }) })).toBe(true);
  });

  it("is false where the end was wanted, came from outside, or came after work", () => {
    expect(end({ ...fresh, cancelledAt: 5, cancelCause: "unwanted" }, { status: job("CANCELLED") })).toBe(
      false,
    );
    expect(end(fresh, { status: job("PREEMPTED") })).toBe(false);
    expect(end(fresh, { report: report({ code: 0 }) })).toBe(false);
    expect(end(see(fresh, heard), { report: report({ code: 137 }) })).toBe(false);
    expect(hasFailedToStart(see(fresh, heard, { now: 90_000, report: report({ code: 3 }) }))).toBe(false);
  });
});
