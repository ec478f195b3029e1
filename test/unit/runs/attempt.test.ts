/** Of several attempts only the newest may finish. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { beginAttempt, checkAttempt, readAttempt } from "../../../src/runs/attempt.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("attempts are numbered from 1 and carry distinct tokens", () => {
  const dir = join(temporaryFolder(), "new", "folder");
  const first = beginAttempt(dir, 0);
  const second = beginAttempt(dir, 1000);
  expect([first.number, second.number]).toEqual([1, 2]);
  expect(first.token).not.toBe(second.token);
  expect(readAttempt(dir)).toEqual({ ...second, startedAt: "1970-01-01T00:00:01.000Z" });
});

test("an attempt is refused as soon as a newer one has begun", () => {
  const dir = temporaryFolder();
  const first = beginAttempt(dir, 0);
  checkAttempt(first);
  const second = beginAttempt(dir, 0);
  expect(() => checkAttempt(first)).toThrow(/attempt 1 at .* is outdated: attempt 2 on .* has begun\./);
  checkAttempt(second);
});

test("a damaged record counts as none: the next attempt begins, the old one is refused", () => {
  const dir = temporaryFolder();
  const first = beginAttempt(dir, 0);
  writeFileSync(join(dir, "attempt.json"), '{"attempt": 1, "tok');
  expect(readAttempt(dir)).toBeNull();
  expect(() => checkAttempt(first)).toThrow(/its record is gone/);
  expect(beginAttempt(dir, 0).number).toBe(1);
});
