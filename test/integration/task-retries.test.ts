/** A build whose first attempt fails in a system call: through the driver's broker and a real task process. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasBuild, runCommand, sweepIn } from "../support/command-line.ts";
import { experimentText } from "../support/experiment-file.ts";
import { eventsIn } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Loaded before the program: the first `data.npz` cannot be renamed into place, with the error `code`. */
const failOnce = (marker: string, code: string): string => `
const fs = require("node:fs");
const rename = fs.renameSync;
fs.renameSync = (from, to) => {
  if (String(to).endsWith("data.npz") && !fs.existsSync(${JSON.stringify(marker)})) {
    fs.writeFileSync(${JSON.stringify(marker)}, "");
    const error = new Error("${code}: as the test wants it, rename");
    throw Object.assign(error, { code: "${code}", syscall: "rename", path: to });
  }
  return rename(from, to);
};
require("node:module").syncBuiltinESMExports();
`;

const sweepWithFailure = async (code: string, ...options: readonly string[]) => {
  const folder = temporaryFolder();
  const marker = join(folder, "has-failed");
  writeFileSync(join(folder, "fail-once.cjs"), failOnce(marker, code));
  const samplers = "- { name: hmc, overrides: { draws: 20, warmup: 10 } }";
  const experiment = experimentText("- { model: tiny, data: tiny, seed: 1 }", samplers, "training: quick\n");
  const args = sweepIn(folder, experiment, "--backend=wasm", "--slots=1", ...options);
  const env = { NODE_OPTIONS: `--require=${join(folder, "fail-once.cjs")}` };
  const ended = await runCommand(args, { cwd: folder, env });
  expect(existsSync(marker)).toBe(true);
  const ofBuild = eventsIn(folder).filter((event) => "taskId" in event && !event.taskId.includes("/"));
  return { ...ended, events: ofBuild.filter(({ kind }) => kind !== "progress" && kind !== "task_ready") };
};

describe.skipIf(!hasBuild)("retries (needs a build)", () => {
  it("a task that met a transient error of the system is tried again after a pause", async () => {
    const { code, stderr, events } = await sweepWithFailure("EIO");
    expect(code, stderr).toBe(0);
    expect(events.map(({ kind }) => kind)).toEqual(["task_started", "retry", "task_started", "task_done"]);
    expect(events[1]).toMatchObject({
      attempt: 1,
      cause: "task_error",
      delayMs: 500,
      error: { code: "ENVIRONMENT", isRetryable: true },
    });
    expect((events[2]?.time ?? 0) - (events[1]?.time ?? 0)).toBeGreaterThanOrEqual(490);
  });

  it("retries: 0 makes the first failure final", async () => {
    const { code, events } = await sweepWithFailure("EIO", "--set", "retries=0");
    expect(code).toBe(1);
    expect(events.map(({ kind }) => kind)).toEqual(["task_started", "task_failed"]);
  });

  it("an error that stays is final at once", async () => {
    const { code, events } = await sweepWithFailure("EACCES");
    expect(code).toBe(1);
    expect(events.map(({ kind }) => kind)).toEqual(["task_started", "task_failed"]);
  });
});
