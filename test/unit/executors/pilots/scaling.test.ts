/**
 * Laws of scaling, on random states and on worlds in which the scheduler errs at random. Seen to fail when draining blocks
 * or the backlog are not counted, when it submits blindly, when a block is replaced before it is cancelled, when it is
 * believed gone with the first answer, and when heartbeats are ignored.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BlockLimits } from "../../../../src/cards/card.ts";
import { type Block, newBlock, observeBlock } from "../../../../src/executors/pilots/block.ts";
import {
  blocksWanted,
  decideScaling,
  isOfUse,
  type ScalingAction,
  type ScalingState,
  silentMs,
} from "../../../../src/executors/pilots/scaling.ts";
import { parseJobState } from "../../../../src/executors/slurm-status.ts";
import { aHeartbeat } from "../../../support/heartbeats.ts";

const limits: BlockLimits = { init: 0, min: 0, max: 10, backlog: 10, parallelism: 1, maxIdleSec: 100 };
const aState = (fields: Partial<ScalingState> = {}): ScalingState => ({
  now: 1e9,
  blocks: [],
  demand: 0,
  otherSlots: 0,
  limits,
  slotsPerBlock: 2,
  isFirst: false,
  isStatusKnown: true,
  maySubmit: true,
  surplusSince: null,
  ...fields,
});
const submitted = (actions: readonly ScalingAction[]): number =>
  actions.reduce((sum, action) => sum + (action.kind === "submit" ? action.count : 0), 0);
const running = (name: string, fields: Partial<Block> = {}): Block => ({
  ...newBlock(name, "1", 0),
  phase: "running",
  hasWorked: true,
  heardAt: 1e9,
  runningSince: 0,
  slots: 2,
  ...fields,
});

const anyBlock = fc.record({
  phase: fc.constantFrom<Block["phase"]>("in_doubt", "pending", "running"),
  busy: fc.nat(2),
  isLeaving: fc.boolean(),
  heardAt: fc.option(fc.integer({ min: 0, max: 1e9 })),
  runningSince: fc.option(fc.integer({ min: 0, max: 1e9 })),
  idleSince: fc.option(fc.integer({ min: 0, max: 1e9 })),
  cancelledAt: fc.option(fc.integer({ min: 0, max: 1e9 })),
  hasWorked: fc.boolean(),
  numGone: fc.nat(2),
});
const anyState = fc
  .record({
    blocks: fc.array(anyBlock, { maxLength: 12 }),
    demand: fc.nat(100),
    otherSlots: fc.nat(10),
    max: fc.integer({ min: 1, max: 12 }),
    min: fc.nat(12),
    init: fc.nat(12),
    backlog: fc.integer({ min: 1, max: 5 }),
    parallelism: fc.constantFrom(0, 0.1, 0.5, 1, 2),
    slotsPerBlock: fc.integer({ min: 1, max: 8 }),
    flags: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    surplusSince: fc.option(fc.integer({ min: 0, max: 1e9 })),
  })
  .map(({ blocks, max, min, init, backlog, parallelism, flags, ...rest }) =>
    aState({
      ...rest,
      blocks: blocks.map((block, index) => ({ ...newBlock(`b-${index}`, null, index), ...block })),
      limits: { ...limits, max, min: Math.min(min, max), init: Math.min(init, max), backlog, parallelism },
      isFirst: flags[0],
      isStatusKnown: flags[1],
      maySubmit: flags[2],
    }),
  );

describe("decideScaling", () => {
  it("never goes past max_blocks nor past the backlog, whatever it sees", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const count = submitted(decideScaling(state));
        const waiting = state.blocks.filter(({ phase }) => phase !== "running").length;
        expect(count).toBeGreaterThanOrEqual(0);
        if (count === 0) return;
        expect(state.blocks.length + count).toBeLessThanOrEqual(state.limits.max);
        expect(waiting + count).toBeLessThanOrEqual(state.limits.backlog);
      }),
      { numRuns: 2000 },
    );
  });

  it("submits nothing while it is braked, blind, or nothing is wanted", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const actions = decideScaling(state);
        const lost = new Set(actions.flatMap((action) => (action.kind === "cancel" ? [action.block] : [])));
        const useful = state.blocks.filter((block) => isOfUse(block) && !lost.has(block.name)).length;
        const mayNot = !state.maySubmit || !state.isStatusKnown || blocksWanted(state) <= useful;
        if (mayNot) expect(submitted(actions)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it("never ends a block that works, and never goes below min_blocks for want of work", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const actions = decideScaling(state);
        const byName = new Map(state.blocks.map((block) => [block.name, block]));
        const lost = new Set(
          actions.flatMap((action) =>
            action.kind === "cancel" && action.cause === "lost" ? [action.block] : [],
          ),
        );
        let useful = state.blocks.filter((block) => isOfUse(block) && !lost.has(block.name)).length;
        for (const action of actions) {
          if (action.kind === "submit" || lost.has(action.block)) continue;
          useful -= 1;
          const block = byName.get(action.block) as Block;
          expect(action.kind === "drain" ? block.idleSince : block.phase).not.toBe(
            action.kind === "drain" ? null : "running",
          );
          expect(useful).toBeGreaterThanOrEqual(state.limits.min);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("wants demand × parallelism slots, without those that others have", () => {
    expect(blocksWanted(aState({ demand: 7 }))).toBe(4);
    expect(blocksWanted(aState({ demand: 7, otherSlots: 3 }))).toBe(2);
    expect(blocksWanted(aState({ demand: 7, limits: { ...limits, parallelism: 0.5 } }))).toBe(2);
    expect(blocksWanted(aState({ demand: 100 }))).toBe(10);
    expect(blocksWanted(aState({ demand: 0 }))).toBe(0);
    expect(blocksWanted(aState({ demand: 1, limits: { ...limits, parallelism: 0 } }))).toBe(1);
    expect(blocksWanted(aState({ isFirst: true, limits: { ...limits, init: 3 } }))).toBe(3);
    expect(blocksWanted(aState({ limits: { ...limits, min: 2 } }))).toBe(2);
  });

  it("counts a draining block against max_blocks but not as help", () => {
    const blocks = [running("a", { isLeaving: true }), running("b")];
    expect(submitted(decideScaling(aState({ blocks, demand: 4 })))).toBe(1);
    expect(submitted(decideScaling(aState({ blocks, demand: 4, limits: { ...limits, max: 2 } })))).toBe(0);
  });

  it("drains what has been idle for max_idletime, and cancels what waits without need", () => {
    const idle = running("a", { idleSince: 1e9 - 100_000 });
    expect(decideScaling(aState({ blocks: [idle, running("b", { idleSince: 1e9 - 99_000 })] }))).toEqual([
      { kind: "drain", block: "a" },
    ]);
    const waiting = newBlock("c", "3", 5);
    expect(decideScaling(aState({ blocks: [waiting], surplusSince: 1e9 - 99_000 }))).toEqual([]);
    expect(decideScaling(aState({ blocks: [waiting], surplusSince: 1e9 - 100_000 }))).toMatchObject([
      { kind: "cancel", block: "c", cause: "unwanted" },
    ]);
    expect(decideScaling(aState({ blocks: [idle], demand: 1 }))).toEqual([]);
  });

  it("gives up blocks whose workers fell silent, and replaces them within max_blocks", () => {
    const silent = running("a", { heardAt: 1e9 - silentMs - 1 });
    const cancel = { kind: "cancel", block: "a", cause: "lost" };
    const state = aState({ blocks: [silent], demand: 2 });
    expect(decideScaling(state)).toMatchObject([cancel, { kind: "submit", count: 1 }]);
    expect(decideScaling({ ...state, limits: { ...limits, max: 1 } })).toMatchObject([cancel]);
  });
});

/** What a scheduler may answer about a job, true or not. */
type Lie = "truth" | "silence" | "nothing" | "gibberish" | "ended";

describe("a world in which the scheduler errs", () => {
  it("never holds more allocations than max_blocks, as long as cancelling works", () => {
    const lies = fc.constantFrom<Lie>("truth", "silence", "nothing", "gibberish", "ended");
    const step = fc.record({ lie: lies, starts: fc.boolean(), dies: fc.nat(9), demand: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, max) => {
        // What is really there: names of allocations, and of those whose worker beats.
        const alive = new Set<string>();
        const beating = new Set<string>();
        let blocks: readonly Block[] = [];
        let wasAnswered = true;
        let number = 0;
        for (const [index, { lie, starts, dies, demand }] of steps.entries()) {
          const now = index * 60_000;
          if (starts) for (const name of alive) beating.add(name);
          const victim = [...alive][dies];
          if (victim !== undefined) {
            alive.delete(victim);
            beating.delete(victim);
          }
          wasAnswered = lie !== "silence";
          blocks = blocks
            .map((block) =>
              observeBlock(block, {
                now,
                heartbeats: beating.has(block.name) ? [aHeartbeat({ block: block.name })] : [],
                status: answerOf(lie, alive.has(block.name)),
                report: null,
              }),
            )
            .filter(({ phase }) => phase !== "ended");
          const state = aState({
            now,
            blocks,
            demand,
            limits: { ...limits, max },
            slotsPerBlock: 1,
            isStatusKnown: wasAnswered,
          });
          for (const action of decideScaling(state)) {
            if (action.kind === "submit") {
              const name = `b-${number++}`;
              alive.add(name);
              blocks = [...blocks, newBlock(name, null, now)];
            } else {
              alive.delete(action.block);
              beating.delete(action.block);
              blocks = blocks.map((block) =>
                block.name === action.block ? { ...block, cancelledAt: now } : block,
              );
            }
          }
          expect(alive.size).toBeLessThanOrEqual(max);
        }
      }),
      { numRuns: 500 },
    );
  });
});

const answerOf = (lie: Lie, isAlive: boolean) => {
  const job = (code: string) => ({ id: "1", name: "", nodes: "", reason: "", ...parseJobState(code) });
  switch (lie) {
    case "truth":
      return isAlive ? job("RUNNING") : "absent";
    case "silence":
      return null;
    case "nothing":
      return "absent";
    case "gibberish":
      return job("WHO_KNOWS");
    case "ended":
      return job("COMPLETED");
  }
};
