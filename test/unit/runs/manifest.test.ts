/** When a task counts as done. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Attempt, beginAttempt } from "../../../src/runs/attempt.ts";
import {
  type Ending,
  type Manifest,
  readManifest,
  withdrawManifest,
  writeManifest,
} from "../../../src/runs/manifest.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const id = "tgt_0123456789ab/hmc_89abcdef";

const finish = (changes: Partial<Ending> = {}): { path: string; dir: string; attempt: Attempt } => {
  const dir = temporaryFolder();
  const attempt = beginAttempt(dir, 0);
  writeFileSync(join(dir, "trace.nc"), "draws");
  const path = join(dir, "manifest.json");
  writeManifest(path, {
    id,
    attempt,
    finishedMs: 5000,
    files: ["trace.nc"],
    facts: {},
    ...changes,
  });
  return { path, dir, attempt };
};

test("a finished task is done, and its manifest comes back whole", () => {
  const { path, attempt } = finish({ facts: { target_id: "tgt", n_beta: 1.5, nothing: Number.NaN } });
  expect(readManifest(path, id, "hashes").kind).toBe("valid");
  const reading = readManifest(path, id);
  expect(reading).toMatchObject({
    kind: "valid",
    manifest: {
      id,
      attempt: 1,
      token: attempt.token,
      finishedAt: "1970-01-01T00:00:05.000Z",
      facts: { target_id: "tgt", n_beta: 1.5, nothing: null },
    },
  });
  expect(readFileSync(path, "utf8")).not.toMatch(/NaN/);
});

/** Writes the manifest again with other members. */
const change = (path: string, members: Readonly<Record<string, unknown>>): void =>
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...members }));

test("a manifest of an older version, with the error of none, counts, and is read without it", () => {
  const { path } = finish({ facts: { n: 7 } });
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ status: "ok" });
  change(path, { error: null });
  expect(readManifest(path, id)).toMatchObject({ kind: "valid", manifest: { facts: { n: 7 } } });
  expect(Object.keys((readManifest(path, id) as { manifest: Manifest }).manifest.facts)).toEqual(["n"]);
});

test("no manifest is absent, not invalid", () => {
  expect(readManifest(join(temporaryFolder(), "manifest.json"), id)).toEqual({ kind: "absent" });
});

const damages: [string, (at: { path: string; dir: string }) => void, RegExp][] = [
  ["a file is missing", ({ dir }) => rmSync(join(dir, "trace.nc")), /trace\.nc is missing/],
  ["a file has grown", ({ dir }) => appendFileSync(join(dir, "trace.nc"), "!"), /has 6 bytes instead of 5/],
  [
    "the manifest is cut off",
    ({ path }) => writeFileSync(path, readFileSync(path, "utf8").slice(0, 40)),
    /is not JSON/,
  ],
  ["the manifest is a list", ({ path }) => writeFileSync(path, "[]"), /is not a JSON object/],
  [
    "the status is another",
    ({ path }) => change(path, { status: "failed" }),
    /has status "failed", not "ok"/,
  ],
  ["the format is another", ({ path }) => writeFileSync(path, '{"format": 99}'), /has format 99, not 1/],
  [
    "a member is missing",
    ({ path }) => writeFileSync(path, `{"format": 1, "status": "ok", "id": "${id}"}`),
    /lacks a member/,
  ],
  ["a newer attempt has begun", ({ dir }) => beginAttempt(dir, 0), /attempt 2 has begun since/],
];
test.each(damages)("a manifest is invalid when %s", (_, damage, reason) => {
  const at = finish();
  damage(at);
  const reading = readManifest(at.path, id);
  expect(reading.kind).toBe("invalid");
  expect((reading as { reason: string }).reason).toMatch(reason);
});

test("a manifest of another id is invalid", () => {
  const { path } = finish();
  expect(readManifest(path, "other")).toMatchObject({ kind: "invalid" });
});

test("a changed byte is found by hashes, not by sizes", () => {
  const { path, dir } = finish();
  writeFileSync(join(dir, "trace.nc"), "drAws");
  expect(readManifest(path, id, "sizes").kind).toBe("valid");
  expect(readManifest(path, id, "hashes")).toMatchObject({ kind: "invalid" });
});

test("a manifest that is withdrawn is absent, and kept beside", () => {
  const { path, attempt } = finish();
  withdrawManifest(path, attempt.token);
  expect(readManifest(path, id)).toEqual({ kind: "absent" });
  expect(readFileSync(`${path}.damaged`, "utf8")).toContain(attempt.token);
  withdrawManifest(path, attempt.token); // also where another was faster
});

test("only the manifest of the attempt that was found damaged is withdrawn", () => {
  const { path } = finish();
  withdrawManifest(path, "token of an attempt before");
  expect(readManifest(path, id).kind).toBe("valid");
});

test("an outdated attempt cannot write its manifest", () => {
  const { path, dir, attempt } = finish();
  const before = readFileSync(path, "utf8");
  beginAttempt(dir, 0);
  expect(() => writeManifest(path, { id, attempt, finishedMs: 0, files: [], facts: {} })).toThrow(/outdated/);
  expect(readFileSync(path, "utf8")).toBe(before);
});

test("a fact cannot take the name of a member", () => {
  expect(() => finish({ facts: { status: "great" } })).toThrow(/^bug: /);
});

test("a manifest survives the loss of attempt.json (a copied folder)", () => {
  const { path, dir } = finish();
  rmSync(join(dir, "attempt.json"));
  expect(readManifest(path, id, "hashes").kind).toBe("valid");
});
