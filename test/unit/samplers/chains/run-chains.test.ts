/** The loop over a sampler that only counts, and over a real one that is interrupted. */
import { describe, expect, it } from "vitest";
import type { Checkpoint, Progress } from "../../../../src/samplers/chains/run-chains.ts";
import { runChains } from "../../../../src/samplers/chains/run-chains.ts";
import { hmc } from "../../../../src/samplers/hmc.ts";
import type { DrawRecord, SamplerRun, Snapshot } from "../../../../src/samplers/sampler.ts";
import { aPosterior } from "../../../support/posteriors.ts";
import { settingsOf } from "../../../support/sampler-settings.ts";

/** Writes down its calls; its snapshot is the number of units done. */
const aLoggingRun = (numWarmupUnits: number, numDraws: number): SamplerRun & { readonly log: string[] } => {
  const log: string[] = [];
  return {
    log,
    numWarmupUnits,
    numDraws,
    work: { gradients: 0, warmupGradients: 0, losses: 0 },
    tuned: {},
    warnings: [],
    warmup: async (index) => {
      log.push(`w${index}`);
    },
    draw: async (index) => {
      log.push(`d${index}`);
      return { loss: Float64Array.of(index), distance: Float64Array.of(0), statistics: {} };
    },
    snapshot: async () => ({ unitsDone: log.length }),
    restore: async (snapshot) => {
      log.push(`restore ${String(snapshot["unitsDone"])}`);
    },
  };
};

describe("runChains", () => {
  it("does every unit once and in order", async () => {
    const run = aLoggingRun(2, 3);
    const drawn: number[] = [];
    const outcome = await runChains(run, {
      onDraw: (index, record) => void drawn.push(index, record.loss[0] ?? Number.NaN),
    });
    expect(run.log).toEqual(["w0", "w1", "d0", "d1", "d2"]);
    expect(drawn).toEqual([0, 0, 1, 1, 2, 2]);
    expect(outcome).toEqual({ kind: "finished", next: { phase: "draws", index: 3 } });
  });

  it("needs no warmup and no hooks", async () => {
    const run = aLoggingRun(0, 1);
    await runChains(run);
    expect(run.log).toEqual(["d0"]);
  });

  it("checkpoints the unit after the one that was asked about", async () => {
    const checkpoints: Checkpoint[] = [];
    await runChains(aLoggingRun(2, 2), {
      shouldCheckpoint: () => true,
      onCheckpoint: (checkpoint) => void checkpoints.push(checkpoint),
    });
    expect(checkpoints.map(({ phase, index, snapshot }) => [phase, index, snapshot["unitsDone"]])).toEqual([
      ["warmup", 1, 1],
      ["draws", 0, 2],
      ["draws", 1, 3],
      ["draws", 2, 4],
    ]);
  });

  it("stops before a unit with a checkpoint of it, and begins there again", async () => {
    for (let unitsBefore = 0; unitsBefore <= 4; unitsBefore++) {
      const run = aLoggingRun(2, 3);
      let checkpoint: Checkpoint | null = null;
      const outcome = await runChains(run, {
        shouldStop: () => run.log.length >= unitsBefore,
        onCheckpoint: (taken) => {
          checkpoint = taken;
        },
      });
      expect(outcome.kind).toBe("stopped");
      const resumed = aLoggingRun(2, 3);
      await runChains(resumed, {}, checkpoint);
      expect(resumed.log[0]).toBe(`restore ${unitsBefore}`);
      expect([...run.log, ...resumed.log.slice(1)]).toEqual(["w0", "w1", "d0", "d1", "d2"]);
    }
  });

  it("does nothing when resumed after the last draw", async () => {
    const run = aLoggingRun(1, 2);
    await runChains(run, {}, { phase: "draws", index: 2, snapshot: {} });
    expect(run.log).toHaveLength(1);
  });

  it("finishes before the last draw when what it has is enough, and asks again after a resume", async () => {
    const run = aLoggingRun(1, 5);
    const asked: number[] = [];
    const isEnough = (numDraws: number): boolean => {
      asked.push(numDraws);
      return numDraws === 3;
    };
    const outcome = await runChains(run, { isEnough });
    expect(outcome).toEqual({ kind: "finished", next: { phase: "draws", index: 3 } });
    expect([run.log, asked]).toEqual([
      ["w0", "d0", "d1", "d2"],
      [1, 2, 3],
    ]);
    const resumed = aLoggingRun(1, 5);
    await runChains(resumed, { isEnough }, { phase: "draws", index: 3, snapshot: {} });
    expect(resumed.log).toHaveLength(1);
  });

  it("ends in warmup, or before the first draw, when it is too late, and asks no more after that", async () => {
    for (const last of [0, 2]) {
      const run = aLoggingRun(2, 5);
      let numAsked = 0;
      const outcome = await runChains(run, { isTooLate: () => numAsked++ === last });
      const next = last === 0 ? { phase: "warmup", index: 0 } : { phase: "draws", index: 0 };
      expect([outcome, run.log]).toEqual([{ kind: "finished", next }, ["w0", "w1"].slice(0, last)]);
    }
    const run = aLoggingRun(2, 5);
    let numAsked = 0;
    await runChains(run, { isTooLate: () => ++numAsked > 3 });
    expect([run.log.length, numAsked]).toEqual([7, 3]);
  });

  it("reports the beginning and the end of each phase", async () => {
    const reports: Progress[] = [];
    await runChains(aLoggingRun(2, 3), { onProgress: (progress) => void reports.push(progress) });
    expect(reports).toEqual([
      { phase: "warmup", done: 0, total: 2 },
      { phase: "draws", done: 0, total: 3 },
      { phase: "draws", done: 3, total: 3 },
    ]);
  });

  it("lets the event loop turn while units keep the thread busy", async () => {
    const run = aLoggingRun(0, 200);
    let turns = 0;
    let isRunning = true;
    const count = (): void => {
      turns += 1;
      if (isRunning) setImmediate(count);
    };
    setImmediate(count);
    const spin: SamplerRun = {
      ...run,
      draw: async (index): Promise<DrawRecord> => {
        const until = performance.now() + 1;
        while (performance.now() < until);
        return run.draw(index);
      },
    };
    await runChains(spin);
    isRunning = false;
    expect(turns).toBeGreaterThan(0);
  });

  it("ends with the error that a hook or the sampler throws", async () => {
    const onDraw = async (): Promise<void> => {
      throw new Error("disk full");
    };
    await expect(runChains(aLoggingRun(0, 2), { onDraw })).rejects.toThrow("disk full");
  });

  it("gives the same draws with and without an interruption", async () => {
    const settings = settingsOf("hmc");
    const start = (): Promise<SamplerRun> => hmc.start(aPosterior(), settings);
    const drawsOf = async (stopAfter: number): Promise<{ draws: DrawRecord[]; last: Snapshot }> => {
      const draws: DrawRecord[] = [];
      let checkpoint: Checkpoint | null = null;
      let units = 0;
      const hooks = {
        onDraw: (_: number, record: DrawRecord) => void draws.push(record),
        onCheckpoint: (taken: Checkpoint) => {
          checkpoint = taken;
        },
        shouldStop: () => units++ === stopAfter,
      };
      await runChains(await start(), hooks);
      const run = await start();
      await runChains(run, { onDraw: hooks.onDraw }, checkpoint);
      return { draws, last: await run.snapshot() };
    };
    const early = await drawsOf(3);
    const late = await drawsOf(settings.warmup + 2);
    expect(late).toEqual(early);
  });
});
