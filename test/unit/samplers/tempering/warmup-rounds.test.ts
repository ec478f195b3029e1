import { expect, it } from "vitest";
import { roundAt, roundLengths } from "../../../../src/samplers/tempering/warmup-rounds.ts";

it("doubles rounds from 2 scans on; the last takes the rest and is at least as long as the one before", () => {
  expect(roundLengths(0)).toEqual([]);
  expect(roundLengths(1)).toEqual([1]);
  expect(roundLengths(6)).toEqual([2, 4]);
  expect(roundLengths(5)).toEqual([2, 3]);
  expect(roundLengths(13)).toEqual([2, 4, 7]);
  expect(roundLengths(14)).toEqual([2, 4, 8]);
  expect(roundLengths(500)).toEqual([2, 4, 8, 16, 32, 64, 128, 246]);
});

it("has lengths that add up, and places every scan in its round", () => {
  for (let numScans = 1; numScans < 200; numScans++) {
    const lengths = roundLengths(numScans);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(numScans);
    let index = 0;
    lengths.forEach((length, round) => {
      for (let offset = 0; offset < length; offset++, index++) {
        const isLastRound = round === lengths.length - 1;
        expect(roundAt(numScans, index)).toEqual({ offset, length, isLastRound });
      }
    });
  }
});
