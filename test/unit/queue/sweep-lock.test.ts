/** Laws of the lock of a sweep. */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireSweepLock, type LockHolder, liveHolderOf } from "../../../src/queue/sweep-lock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
const path = (): string => join(folder, "sweep", "driver.lock");
const holder = (): LockHolder => JSON.parse(readFileSync(path(), "utf8")) as LockHolder;
const busy = expect.objectContaining({ code: "BUSY", isRetryable: true });

describe("acquireSweepLock", () => {
  it("lets one in until it is released, and leaves nothing behind", () => {
    const lock = acquireSweepLock(path());
    expect(() => acquireSweepLock(path())).toThrow(busy);
    expect(liveHolderOf(path())).toMatchObject({ pid: process.pid });
    lock.release();
    expect(liveHolderOf(path())).toBeNull();
    acquireSweepLock(path()).release();
    expect(readdirSync(join(folder, "sweep"))).toEqual([]);
  });

  it("names the holder and the file in its message", () => {
    const lock = acquireSweepLock(path());
    const { host, since } = holder();
    expect(() => acquireSweepLock(path())).toThrow(
      `this sweep is being run by process ${process.pid} on ${host} since ${since}. ` +
        `Wait for it, stop it, or remove ${path()} if you know that it is gone.`,
    );
    lock.release();
  });

  it("takes over from a process that is gone", () => {
    const { pid } = spawnSync("true");
    acquireSweepLock(path()).release();
    writeFileSync(path(), JSON.stringify({ ...currentHolder(), pid, start_ticks: "1" }));
    expect(liveHolderOf(path())).toBeNull();
    const lock = acquireSweepLock(path());
    expect(holder().pid).toBe(process.pid);
    lock.release();
  });

  it("takes over when the process id now belongs to another process", () => {
    const other = spawn("sleep", ["60"]);
    writeFileSync(prepared(), JSON.stringify({ ...currentHolder(), pid: other.pid, start_ticks: "1" }));
    acquireSweepLock(path()).release();
    other.kill("SIGKILL");
  });

  it("takes over after a reboot and from a file that is no lock", () => {
    writeFileSync(prepared(), JSON.stringify({ ...currentHolder(), boot_id: "another boot" }));
    acquireSweepLock(path()).release();
    writeFileSync(prepared(), "");
    acquireSweepLock(path()).release();
  });

  it("believes a holder on another host", () => {
    writeFileSync(
      prepared(),
      JSON.stringify({ ...currentHolder(), host: "elsewhere", pid: 1, start_ticks: "1" }),
    );
    expect(() => acquireSweepLock(path())).toThrow(busy);
  });

  it("waits for another takeover, but not for one that was cut off", () => {
    writeFileSync(prepared(), JSON.stringify({ ...currentHolder(), boot_id: "another boot" }));
    mkdirSync(`${path()}.takeover`);
    expect(() => acquireSweepLock(path())).toThrow(busy);
    utimesSync(`${path()}.takeover`, 0, 0);
    expect(() => acquireSweepLock(path())).toThrow(busy);
    acquireSweepLock(path()).release();
  });

  it("release leaves the lock of another holder alone", () => {
    const lock = acquireSweepLock(path());
    writeFileSync(path(), JSON.stringify({ ...currentHolder(), host: "elsewhere" }));
    lock.release();
    expect(existsSync(path())).toBe(true);
  });
});

/** What a lock of this process says. */
const currentHolder = (): LockHolder => {
  const other = join(folder, "other.lock");
  const lock = acquireSweepLock(other);
  const content = JSON.parse(readFileSync(other, "utf8")) as LockHolder;
  lock.release();
  return content;
};

/** The path, with its folder. */
const prepared = (): string => {
  mkdirSync(join(folder, "sweep"), { recursive: true });
  return path();
};
