/** Laws of the sign that somebody works in a folder. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { putUpSign, type Worker, type WorkingSign } from "../../../src/runs/working-sign.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

let dir = "";
let now = 0;
beforeEach(() => {
  dir = join(temporaryFolder(), "tgt_1");
  now = 1_000_000;
});

const take = (sweepId: string, token = sweepId): WorkingSign | Worker =>
  putUpSign(dir, { sweepId, token }, () => now);
const own = (sign: WorkingSign | Worker): WorkingSign => {
  if ("sweepId" in sign) throw new Error("it is somebody else's");
  return sign;
};
const rewrite = (changes: Readonly<Record<string, unknown>>): void => {
  const path = join(dir, "working.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
};

describe("the sign that somebody works here", () => {
  it("stands for other sweeps until it is taken down", () => {
    const sign = own(take("a"));
    expect(take("b")).toMatchObject({ sweepId: "a", pid: process.pid });
    sign.remove();
    own(take("b"));
  });

  it("is replaced by another attempt of the same sweep, and then is that attempt's alone", () => {
    const first = own(take("a", "1"));
    const second = own(take("a", "2"));
    first.remove();
    expect(take("b")).toMatchObject({ sweepId: "a", token: "2" });
    second.remove();
    expect(existsSync(join(dir, "working.json"))).toBe(false);
  });

  it("holds while it is renewed, and lapses a minute after the last time", () => {
    const sign = own(take("a"));
    now += 50_000;
    sign.renew();
    now += 50_000;
    expect(take("b")).toMatchObject({ sweepId: "a" });
    now += 11_000;
    own(take("b"));
  });

  it("is not renewed over another's", () => {
    const sign = own(take("a"));
    now += 61_000;
    own(take("b"));
    sign.renew();
    expect(take("c")).toMatchObject({ sweepId: "b" });
  });

  it("of a process that has ended on this host is nobody's; one on another host is believed", () => {
    own(take("a"));
    rewrite({ pid: spawnSync(process.execPath, ["-e", "0"]).pid });
    own(take("b"));
    rewrite({ host: "elsewhere", pid: 1 });
    expect(take("c")).toMatchObject({ sweepId: "b", host: "elsewhere" });
  });

  it("that cannot be read is nobody's", () => {
    own(take("a"));
    writeFileSync(join(dir, "working.json"), "{");
    own(take("b"));
  });
});
