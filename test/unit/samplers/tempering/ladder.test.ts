import { describe, expect, it } from "vitest";
import {
  checkLadder,
  cumulativeBarrier,
  equalisedLadder,
  idealRoundTripRate,
  initialBetas,
  type LadderSettings,
  numRungsOf,
} from "../../../../src/samplers/tempering/ladder.ts";
import { expectClose } from "../../../support/close.ts";

const geometric: LadderSettings = {
  rungs: 4,
  ladder: "geometric",
  maxTemperature: 10,
  temperatures: null,
  betas: null,
  reference: false,
};
const custom: LadderSettings = { ...geometric, rungs: null, ladder: "custom", maxTemperature: null };

describe("initialBetas", () => {
  it("spaces temperatures geometrically: 1, 2.15, 4.64, 10 for four rungs up to 10", () => {
    const temperatures = initialBetas(geometric).map((beta) => 1 / beta);
    expectClose(temperatures, [1, 10 ** (1 / 3), 10 ** (2 / 3), 10], 1e-15);
  });

  it("spaces temperatures, or inverse temperatures, evenly", () => {
    expectClose(
      initialBetas({ ...geometric, ladder: "linear" }).map((b) => 1 / b),
      [1, 4, 7, 10],
      1e-15,
    );
    expectClose(initialBetas({ ...geometric, ladder: "linear_beta" }), [1, 0.7, 0.4, 0.1], 1e-15);
  });

  it("ends in beta = 0 where there is a reference, within the number of rungs", () => {
    expectClose(initialBetas({ ...geometric, reference: true }), [1, 10 ** -0.5, 0.1, 0], 1e-15);
    expect([...initialBetas({ ...geometric, rungs: 2, reference: true })]).toEqual([1, 0]);
  });

  it("takes custom ladders in either unit", () => {
    expect([...initialBetas({ ...custom, betas: [1, 0.5] })]).toEqual([1, 0.5]);
    expect([...initialBetas({ ...custom, temperatures: [1, 4], reference: true })]).toEqual([1, 0.25, 0]);
  });

  it("has as many rungs as numRungsOf says", () => {
    const tried = [
      geometric,
      { ...geometric, rungs: null },
      { ...geometric, reference: true },
      { ...custom, temperatures: [1, 2, 3], reference: true },
    ];
    for (const settings of tried) expect(initialBetas(settings)).toHaveLength(numRungsOf(settings));
  });
});

describe("checkLadder", () => {
  it.each<[string, LadderSettings]>([
    ["one rung", { ...geometric, rungs: 1 }],
    ["a maximum that is not hot", { ...geometric, maxTemperature: 1 }],
    ["a custom ladder of nothing", custom],
    ["a custom ladder in both units", { ...custom, betas: [1, 0.5], temperatures: [1, 2] }],
    ["a list beside another ladder", { ...geometric, betas: [1, 0.5] }],
    ["a maximum beside a list", { ...custom, betas: [1, 0.5], maxTemperature: 4 }],
    ["a list of one and no reference", { ...custom, betas: [1] }],
    ["temperatures that do not begin at 1", { ...custom, temperatures: [2, 4] }],
    ["temperatures that fall", { ...custom, temperatures: [1, 4, 3] }],
    ["beta = 0 in a list", { ...custom, betas: [1, 0] }],
    ["rungs that contradict the list", { ...custom, rungs: 3, betas: [1, 0.5] }],
  ])("refuses %s as CONFIG_INVALID", (_, settings) => {
    expect(() => checkLadder(settings)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("accepts what initialBetas is tried with", () => {
    checkLadder(geometric);
    checkLadder({ ...custom, betas: [1], reference: true });
    checkLadder({ ...custom, temperatures: [1, 2], rungs: 3, reference: true });
  });
});

describe("equalisedLadder", () => {
  const betas = Float64Array.of(0, 0.2, 0.4, 0.6, 0.8, 1);
  const rejections = Float64Array.of(0.1, 0.2, 0.4, 0.3, 0.2);
  const golden = [0, 0.35365, 0.4999, 0.6116740740740741, 0.7679407407407408, 1];

  it("gives the golden grid of the monotone cubic", () => {
    expectClose(equalisedLadder(betas, rejections), golden, 1e-14);
  });

  it("gives its mirror image for a ladder that falls", () => {
    const falling = equalisedLadder(
      betas.map((beta) => 1 - beta),
      rejections,
    );
    expectClose(
      falling,
      golden.map((beta) => 1 - beta),
      1e-14,
    );
  });

  it("leaves a ladder alone whose pairs are refused equally often, and one that is never refused", () => {
    expectClose(equalisedLadder(betas, new Float64Array(5).fill(0.3)), betas, 1e-14);
    expectClose(equalisedLadder(betas, new Float64Array(5)), betas, 1e-9);
  });
});

describe("barrier and round trips", () => {
  const rejections = Float64Array.of(0.1, 0.2, 0.4, 0.3, 0.2);

  it("adds rejections up to the barrier 1.2", () => {
    expectClose(cumulativeBarrier(rejections), [0, 0.1, 0.3, 0.7, 1, 1.2], 1e-15);
  });

  it("gives the golden rate of DEO swaps", () => {
    expect(idealRoundTripRate(rejections)).toBeCloseTo(0.18475073313782991, 15);
  });
});
