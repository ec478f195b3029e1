/** However a run ends, its process goes on: nothing that the run opened may stay open. */
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { planExperiment } from "../../../src/cli/sweep/plan-experiment.ts";
import type { Backend } from "../../../src/compute/backend.ts";
import type { BuildTargetTask, RunSamplerTask } from "../../../src/plan/task.ts";
import { runBuildTarget } from "../../../src/tasks/build-target.ts";
import { runSampler } from "../../../src/tasks/run-sampler.ts";
import type { TaskContext } from "../../../src/tasks/task-context.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** What is done to the next backend before the run gets it. */
const prepare = vi.hoisted((): { backend: (backend: Backend) => void } => ({ backend: () => {} }));

vi.mock("../../../src/compute/select-backend.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../../src/compute/select-backend.ts")>();
  return {
    ...original,
    selectBackend: async (request: Parameters<typeof original.selectBackend>[0]) => {
      const backend = await original.selectBackend(request);
      prepare.backend(backend);
      return backend;
    },
  };
});

afterEach(() => {
  prepare.backend = () => {};
});

const experiment = `experiment: x
targets: [{ model: tiny, data: tiny, seed: 1 }]
training: { steps: 5 }
sampling: { chains: 2 }
samplers: [{ name: rwmh, overrides: { draws: 100, warmup: 10 } }]
`;

/** A built target and one run on it, not begun. */
const aRun = async () => {
  const folder = temporaryFolder();
  const config = join(folder, "x.yaml");
  writeFileSync(config, experiment);
  const defaults = { threads: 1, timeoutSec: null };
  const { plan } = planExperiment({
    config,
    sets: [],
    backend: "reference",
    skip: false,
    build: defaults,
    sample: defaults,
  });
  const contextOf = (changes: Partial<TaskContext> = {}): TaskContext => ({
    attempt: 1,
    attemptToken: "mine",
    sweep: null,
    storeRoot: join(folder, "runs"),
    onProgress: () => {},
    shouldStop: () => false,
    log: () => {},
    ...changes,
  });
  await runBuildTarget(
    plan.tasks.find(({ kind }) => kind === "build-target") as BuildTargetTask,
    contextOf(),
  );
  const task = plan.tasks.find(({ kind }) => kind === "run-sampler") as RunSamplerTask;
  return { task, contextOf, folder };
};

/** Files under the folder that this process has open. */
const openFilesUnder = (folder: string): readonly string[] =>
  readdirSync("/proc/self/fd")
    .map((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`);
      } catch {
        return "";
      }
    })
    .filter((path) => path.startsWith(folder));

const stopped = (): never => {
  throw new Error("in the middle");
};

describe.runIf(process.platform === "linux")("a run leaves no file open", () => {
  it("when it is given back", async () => {
    const { task, contextOf, folder } = await aRun();
    expect(await runSampler(task, contextOf({ shouldStop: () => true }))).toEqual({ kind: "given_back" });
    expect(openFilesUnder(folder)).toEqual([]);
  });

  it("when it fails between draws", async () => {
    const { task, contextOf, folder } = await aRun();
    await expect(runSampler(task, contextOf({ onProgress: stopped }))).rejects.toThrow("in the middle");
    expect(openFilesUnder(folder)).toEqual([]);
  });

  it("when it is done", async () => {
    const { task, contextOf, folder } = await aRun();
    expect(await runSampler(task, contextOf())).toMatchObject({ kind: "done" });
    expect(openFilesUnder(folder)).toEqual([]);
  });
});

it("a run whose ensemble cannot be opened closes its backend", async () => {
  const { task, contextOf } = await aRun();
  const close = vi.fn<() => void>();
  prepare.backend = (backend) => Object.assign(backend, { open: stopped, close });
  await expect(runSampler(task, contextOf())).rejects.toThrow("in the middle");
  expect(close).toHaveBeenCalledOnce();
});
