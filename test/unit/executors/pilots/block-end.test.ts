/** Laws of what the end of a block says. */
import { expect, it } from "vitest";
import { newBlock } from "../../../../src/executors/pilots/block.ts";
import { nodesToAvoid, whyEnded } from "../../../../src/executors/pilots/block-end.ts";

const ended = { ...newBlock("a-1", "1", 0), phase: "ended" as const, endedAt: 1 };
const report = { code: 97, phase: "worker_init" as const, node: "n1", asked: null };
const working = { ...newBlock("a-2", "2", 0), hasWorked: true, nodes: "n[2-3]" };

it("whyEnded quotes the script's last line before the scheduler's word", () => {
  expect(whyEnded({ ...ended, report })).toBe("worker_init of the card failed on n1 (exit code 97)");
  expect(whyEnded({ ...ended, report: { ...report, phase: "start", code: 96 } })).toBe(
    "there is no Node.js on n1 (exit code 96)",
  );
  expect(whyEnded({ ...ended, code: "NODE_FAIL", nodes: "n1" })).toBe(
    "the scheduler calls it NODE_FAIL on n1",
  );
  expect(whyEnded(ended)).toBe("the scheduler does not know it any more");
});

it("nodesToAvoid blames a node only if SLURM does, or if workers start elsewhere", () => {
  expect(nodesToAvoid({ ...ended, report }, [], [])).toEqual([]);
  expect(nodesToAvoid({ ...ended, report }, [working], [])).toEqual(["n1"]);
  expect(nodesToAvoid({ ...ended, code: "NODE_FAIL", nodes: "n[5-6]" }, [], [])).toEqual(["n5", "n6"]);
});

it("nodesToAvoid names no node twice, none on which a worker has run, and not too many", () => {
  expect(nodesToAvoid({ ...ended, report }, [working], ["n1"])).toEqual([]);
  expect(nodesToAvoid({ ...ended, report: { ...report, node: "n2" } }, [working], [])).toEqual([]);
  const known = Array.from({ length: 16 }, (_, index) => `x${index}`);
  expect(nodesToAvoid({ ...ended, report }, [working], known)).toEqual([]);
});
