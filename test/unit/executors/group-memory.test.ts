/** Laws of memory readings. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { groupMemoryMiB } from "../../../src/executors/group-memory.ts";
import { until } from "../../support/processes.ts";

describe.skipIf(process.platform !== "linux")("groupMemoryMiB (needs Linux)", () => {
  it("is about what the process says of itself", () => {
    const own = process.memoryUsage.rss() / 2 ** 20;
    expect(groupMemoryMiB(process.pid) ?? 0).toBeGreaterThan(0.5 * own);
  });

  it("counts descendants", async () => {
    const hold = "const held = Buffer.alloc(200 << 20, 1); setInterval(() => held, 1000)";
    const child = spawn("sh", ["-c", `"${process.execPath}" -e '${hold}'; true`]);
    await until("the grandchild holds 200 MiB", () => (groupMemoryMiB(child.pid as number) ?? 0) > 200);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const grandchildren = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
    for (const pid of grandchildren.split(" ")) process.kill(Number(pid), "SIGKILL");
    await exited;
    expect(groupMemoryMiB(child.pid as number)).toBeNull();
  });

  it("is null for a process that is not there", () => {
    expect(groupMemoryMiB(2 ** 22 + 1)).toBeNull();
  });
});
