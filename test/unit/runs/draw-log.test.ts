/** The append-only log of draws. */
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  createDrawLog,
  type DrawLog,
  openDrawLog,
  removeDrawLog,
  resumeDrawLog,
} from "../../../src/runs/draw-log.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const shape = { id: "tgt/hmc", fields: ["loss", "energy"], numChains: 3 };
const drawAt = (index: number): Record<string, Float64Array> => ({
  loss: Float64Array.of(index, index + 0.25, index + 0.5),
  energy: Float64Array.of(-index, Number.NaN, index * 1e9),
});
const appendDraws = (log: DrawLog, [from, to]: [number, number]): void => {
  for (let index = from; index < to; index++) log.append(drawAt(index));
};
const numDraws = 60_000; // more than two buffers

test("draws come back by column, whole or in part", () => {
  const path = join(temporaryFolder(), "deep", "draws.log");
  const log = createDrawLog(path, shape);
  appendDraws(log, [0, numDraws]);
  expect(log.numDraws).toBe(numDraws);
  log.close();
  const reader = openDrawLog(path);
  expect(reader).toMatchObject({ ...shape, numDraws });
  const loss = reader.column("loss");
  expect(loss.map((chain) => chain.length)).toEqual([numDraws, numDraws, numDraws]);
  expect([loss[2]![0], loss[2]![43_690], loss[1]![numDraws - 1]]).toEqual([0.5, 43_690.5, numDraws - 0.75]);
  expect(reader.column("energy", { from: 43_688, to: 43_691 }).map((chain) => [...chain])).toEqual([
    [-43_688, -43_689, -43_690],
    [Number.NaN, Number.NaN, Number.NaN],
    [43_688e9, 43_689e9, 43_690e9],
  ]);
  expect(() => reader.column("grad")).toThrow(/no field "grad"/);
  reader.close();
});

test("a log that is cut back and resumed is byte-equal to an undisturbed one", () => {
  const dir = temporaryFolder();
  const whole = createDrawLog(join(dir, "a"), shape);
  appendDraws(whole, [0, 1000]);
  whole.close();
  const broken = createDrawLog(join(dir, "b"), shape);
  appendDraws(broken, [0, 700]);
  broken.flush();
  appendDraws(broken, [700, 703]);
  broken.flush();
  appendFileSync(join(dir, "b"), "torn");
  const resumed = resumeDrawLog(join(dir, "b"), shape, 700)!;
  expect(resumed.numDraws).toBe(700);
  appendDraws(resumed, [700, 1000]);
  resumed.close();
  expect(readFileSync(join(dir, "b")).equals(readFileSync(join(dir, "a")))).toBe(true);
});

test("a resumed log holds nothing of what was cut off", () => {
  const path = join(temporaryFolder(), "draws.log");
  const first = createDrawLog(path, shape);
  appendDraws(first, [0, 100]);
  first.close();
  const resumed = resumeDrawLog(path, shape, 40)!;
  appendDraws(resumed, [40, 50]);
  resumed.close();
  const reader = openDrawLog(path);
  expect(reader.numDraws).toBe(50);
  reader.close();
});

test("a log that is abandoned keeps only what was flushed, and can be closed again and again", () => {
  const path = join(temporaryFolder(), "draws.log");
  const log = createDrawLog(path, shape);
  appendDraws(log, [0, 10]);
  log.flush();
  appendDraws(log, [10, 15]);
  log.abandon();
  log.abandon();
  log.close();
  const reader = openDrawLog(path);
  expect(reader.numDraws).toBe(10);
  reader.close();
});

test("a log that has too few draws, another shape or no file cannot be resumed", () => {
  const path = join(temporaryFolder(), "draws.log");
  expect(resumeDrawLog(path, shape, 0)).toBeNull();
  const log = createDrawLog(path, shape);
  appendDraws(log, [0, 10]);
  log.close();
  expect(resumeDrawLog(path, shape, 11)).toBeNull();
  expect(resumeDrawLog(path, { ...shape, id: "other" }, 5)).toBeNull();
  expect(resumeDrawLog(path, { ...shape, numChains: 4 }, 5)).toBeNull();
  removeDrawLog(path);
  removeDrawLog(path);
});

test("a torn last draw is not read", () => {
  const path = join(temporaryFolder(), "draws.log");
  const log = createDrawLog(path, shape);
  appendDraws(log, [0, 10]);
  log.close();
  truncateSync(path, readFileSync(path).length - 1);
  const reader = openDrawLog(path);
  expect(reader.numDraws).toBe(9);
  reader.close();
});

test("a draw that lacks a field or a chain is refused", () => {
  const log = createDrawLog(join(temporaryFolder(), "draws.log"), shape);
  expect(() => log.append({ loss: new Float64Array(3) })).toThrow(/^bug: /);
  expect(() => log.append({ loss: new Float64Array(2), energy: new Float64Array(3) })).toThrow(/^bug: /);
  log.close();
});

test("a file that is no log is refused with TRACE_INVALID", () => {
  const path = join(temporaryFolder(), "draws.log");
  for (const content of ["", "LHDRAWS1", "something else entirely", "LHDRAWS1\xff\xff\xff\x7f{}"]) {
    writeFileSync(path, content, "latin1");
    expect(() => openDrawLog(path)).toThrow(expect.objectContaining({ code: "TRACE_INVALID" }));
  }
});
