/** Who is alive. */
import { spawnSync } from "node:child_process";
import { afterEach, expect, it, vi } from "vitest";
import { isAlive, isAliveAndOurs } from "../../../src/core/process-alive.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("this process is alive, one that has ended is not", () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  expect([process.pid, pid].map(isAlive)).toEqual([true, false]);
  expect([process.pid, pid].map(isAliveAndOurs)).toEqual([true, false]);
});

it("a process that we may not signal is alive, but not ours", () => {
  vi.spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
  });
  expect([isAlive(1), isAliveAndOurs(1)]).toEqual([true, false]);
});
