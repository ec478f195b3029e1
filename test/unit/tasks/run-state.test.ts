/** Laws of what a run keeps between attempts. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../../src/compute/backend.ts";
import { SweepError } from "../../../src/core/errors.ts";
import { beginAttempt } from "../../../src/runs/attempt.ts";
import { openDrawLog } from "../../../src/runs/draw-log.ts";
import { runFiles, storeAt } from "../../../src/runs/layout.ts";
import type { Checkpoint } from "../../../src/samplers/chains/run-chains.ts";
import type { Sampler } from "../../../src/samplers/sampler.ts";
import { openRunState, type RunState } from "../../../src/tasks/run-state.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const name = { targetId: "tgt_0123456789ab", sampler: "hmc", runId: "01234567" };
const sampler = { statistics: [] } as unknown as Sampler<unknown>;
const backendOf = (backend: string): Backend => ({ name: backend, vectorBytes: 16 }) as unknown as Backend;

const aRun = () => {
  const files = runFiles(storeAt(temporaryFolder()).runs, name);
  const lines: string[] = [];
  const open = (backend = "wasm"): RunState =>
    openRunState({
      files,
      id: "a/hmc_01234567",
      attempt: beginAttempt(files.dir, 0),
      backend: backendOf(backend),
      sampler,
      numChains: 1,
      log: (line) => lines.push(line),
    });
  return { files, open, lines };
};
const draw = (state: RunState, loss: number): void =>
  state.append({ loss: Float64Array.of(loss), distance: Float64Array.of(0) });
const at = (index: number): Checkpoint => ({ phase: "draws", index, snapshot: { x: index } });

describe("run state", () => {
  it("resumes at the checkpoint and cuts off draws after it", () => {
    const { files, open, lines } = aRun();
    const first = open();
    expect(first.resume).toBeNull();
    draw(first, 1);
    first.save(at(1));
    draw(first, 2);
    first.close();
    const second = open();
    expect(second.resume).toEqual(at(1));
    expect(lines).toEqual(["resuming at draws 1"]);
    draw(second, 3);
    second.close();
    const log = openDrawLog(files.drawLog);
    expect(log.column("loss")).toEqual([Float64Array.of(1, 3)]);
    log.close();
  });

  it("lets no outdated attempt overwrite the checkpoint of a newer one", () => {
    const { files, open } = aRun();
    const first = open();
    draw(first, 1);
    first.save(at(1));
    const second = open();
    const before = readFileSync(files.checkpoint);
    draw(first, 2);
    expect(() => first.save(at(2))).toThrow(SweepError);
    expect(readFileSync(files.checkpoint)).toEqual(before);
    for (const state of [first, second]) state.close();
  });

  it("names the backends that did earlier parts, and says that the run is no longer bit-identical", () => {
    const { open, lines } = aRun();
    const first = open("native");
    first.save(at(0));
    first.close();
    const second = open("wasm");
    expect(second.otherBackends).toEqual(["native with 16-byte vectors"]);
    expect(lines.join("\n")).toMatch(/not bit-identical/);
    second.close();
  });
});
