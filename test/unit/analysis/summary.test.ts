/** λ̂ with error, cost and verdict on made-up draws. */
import { describe, expect, test } from "vitest";
import { mcseMean } from "../../../src/analysis/mcse.ts";
import { variance } from "../../../src/analysis/moments.ts";
import { type RunDraws, type RunFacts, summarizeRun } from "../../../src/analysis/summary.ts";
import { autoregressive } from "../../support/golden-chains.ts";

const numData = 1000;
const nBeta = numData / Math.log(numData);

const facts = (changes: Partial<RunFacts> = {}): RunFacts => ({
  nBeta,
  numData,
  initialLoss: 0.25,
  isIndependent: false,
  work: { gradients: 900_000, warmupGradients: 300_000, losses: 600_000 },
  wallTimeSec: 10,
  llcTrue: 5,
  warnings: [],
  tuned: { step_size: 0.1 },
  ...changes,
});

/** Independent draws of llc around 5 with standard deviation 1/√12·3, as losses. */
const goodLoss = (numChains = 4, numDraws = 1000): Float64Array[] =>
  autoregressive(0, [numChains, numDraws]).map((chain) => chain.map((u) => 0.25 + (5 + 3 * u) / nBeta));

const good = (statistics: RunDraws["statistics"] = {}): RunDraws => ({ loss: goodLoss(), statistics });

describe("a good run", () => {
  const summary = summarizeRun(good(), facts());

  test("is converged, without reasons", () => {
    expect(summary.verdictReasons).toEqual([]);
    expect(summary.verdict).toBe("converged");
  });

  test("has λ̂ within 4 MCSE of the truth (false alarm 6e-5; seed fixed)", () => {
    expect(Math.abs(summary.llcZ)).toBeLessThan(4);
    expect(summary.llcZ).toBeCloseTo((summary.llcMean - 5) / summary.llcMcse, 12);
  });

  test("takes the standard deviation over all draws with ddof 1", () => {
    expect(summary.llcStd).toBeCloseTo(3 / Math.sqrt(12), 1);
    expect(summary.llcMcse).toBeCloseTo(summary.llcStd / Math.sqrt(4000), 2);
  });

  test("has the same error by block bootstrap, within its noise of 10 %, and chains that agree", () => {
    expect(summary.llcMcseBootstrap / summary.llcMcse).toBeGreaterThan(0.6);
    expect(summary.llcMcseBootstrap / summary.llcMcse).toBeLessThan(1.5);
    expect(summary.llcChainStd).toBeCloseTo(Math.sqrt(variance(summary.llcPerChain)), 12);
    expect(summary.llcChainStd).toBeLessThan(5 * 2 * summary.llcMcse);
  });

  test("counts work in full gradients, a loss for a third of one", () => {
    expect(summary).toMatchObject({ totalFge: 900, warmupFge: 300, totalLosses: 600, workFge: 1100 });
    expect(summary.wnv).toBeCloseTo(summary.llcMcse ** 2 * 1100, 12);
    expect(summary.wnvTime).toBeCloseTo(summary.llcMcse ** 2 * 10, 12);
  });

  test("gives WBIC at β = 1/log n, and at no other temperature", () => {
    expect(summary.wbic).toBeCloseTo(numData * summary.lossMean, 9);
    expect(summarizeRun(good(), facts({ nBeta: 10 })).wbic).toBeNaN();
  });

  test("has a running λ̂ of at most 200 points that ends in λ̂", () => {
    expect(summary.runningLlc.llc).toHaveLength(200);
    expect(summary.runningLlc.numDraws.at(-1)).toBe(1000);
    expect(summary.runningLlc.llc.at(-1)).toBeCloseTo(summary.llcMean, 10);
    const first = summary.runningLlc.numDraws[0]!;
    const loss = goodLoss().flatMap((chain) => [...chain.subarray(0, first)]);
    const mean = loss.reduce((sum, value) => sum + nBeta * (value - 0.25), 0) / loss.length;
    expect(summary.runningLlc.llc[0]).toBeCloseTo(mean, 10);
  });

  test("keeps λ and its multiplicity, null where unknown", () => {
    const learningCoefficient = { lambda: 5.5, multiplicity: 2 };
    expect(summarizeRun(good(), facts({ learningCoefficient }))).toMatchObject({
      learningCoefficient: 5.5,
      multiplicity: 2,
    });
    expect(summary).toMatchObject({ learningCoefficient: null, multiplicity: null });
  });

  test("keeps warnings and tuned settings", () => {
    const warned = summarizeRun(good(), facts({ warnings: ["mixture collapsed"] }));
    expect(warned.warnings).toEqual(["mixture collapsed"]);
    expect(warned.tuned).toEqual({ step_size: 0.1 });
  });
});

test("work-normalised variance stays within 25 % when the run is twice as long", () => {
  const once = summarizeRun({ loss: goodLoss(4, 2000), statistics: {} }, facts());
  const work = { gradients: 1_800_000, warmupGradients: 300_000, losses: 1_200_000 };
  const twice = summarizeRun({ loss: goodLoss(4, 4000), statistics: {} }, facts({ work }));
  expect(Math.abs(Math.log(twice.wnv / once.wnv))).toBeLessThan(0.25);
});

describe("a run is not converged", () => {
  const flags = (count: number): Float64Array[] =>
    goodLoss().map((chain, c) => chain.map((_, t) => (c === 1 && t < count ? 1 : 0)));
  const shifted = goodLoss().map((chain, c) => chain.map((loss) => loss + (c * 0.5) / nBeta));
  const drifting = goodLoss().map((chain) => chain.map((loss, t) => loss + t / 1000 / nBeta));
  const slow = autoregressive(0.99, [4, 1000]).map((chain) => chain.map((x) => 0.25 + (50 + x) / nBeta));
  const withHole = goodLoss();
  withHole[2]![77] = Number.NaN;
  const energies = autoregressive(0.99, [4, 1000]);
  const rates = goodLoss().map((chain) => chain.map(() => 0.8));

  const cases: [string, RunDraws, RegExp][] = [
    ["when chains disagree", { loss: shifted, statistics: {} }, /^R̂ = 1\.\d+ > 1\.01: the chains/],
    ["when bulk ESS is small", { loss: slow, statistics: {} }, /^Bulk ESS = .* < 400/],
    ["when tail ESS is small", { loss: slow, statistics: {} }, /^Tail ESS = .* < 400/],
    ["when draws diverge", good({ diverging: flags(5) }), /^5 of 4000 draws diverged/],
    [
      "when draws fall below L(w*)",
      { loss: goodLoss().map((c) => c.map((l) => l - 4 / nBeta)), statistics: {} },
      /lower loss than w\*/,
    ],
    ["when λ̂ drifts", { loss: drifting, statistics: {} }, /^λ̂ drifts/],
    ["when a draw is not finite", { loss: withHole, statistics: {} }, /^1 of 4000 draws are not finite/],
    ["when energies mix slowly", good({ energy: energies, acceptance_rate: rates }), /^BFMI = 0\.0/],
    ["when there is one chain", { loss: goodLoss(1), statistics: {} }, /at least 2 chains/],
    [
      "when nothing moves",
      { loss: goodLoss().map((c) => c.map(() => 0.5)), statistics: {} },
      /does not move/,
    ],
  ];
  test.each(cases)("%s", (_, draws, reason) => {
    const summary = summarizeRun(draws, facts());
    expect(summary.verdict).toBe("not_converged");
    expect(summary.verdictReasons.some((sentence) => reason.test(sentence))).toBe(true);
  });

  test("by few divergences, which are counted only", () => {
    const summary = summarizeRun(good({ diverging: flags(4) }), facts());
    expect(summary).toMatchObject({ verdict: "converged", divergences: 4 });
  });
});

test("a run without draws says so and has no numbers", () => {
  for (const loss of [[], [new Float64Array(0), new Float64Array(0)]]) {
    const summary = summarizeRun({ loss, statistics: {} }, facts());
    expect(summary).toMatchObject({ verdict: "no_draws", verdictReasons: ["The run has no draws."] });
    expect(summary.llcMean).toBeNaN();
    expect(summary.runningLlc).toEqual({ numDraws: [], llc: [] });
  }
});

test("a run that its time limit left too few draws says what to change", () => {
  const reasonsAfter = (numDraws: number, stopReason: string): readonly string[] =>
    summarizeRun(
      { loss: [0, 1].map(() => new Float64Array(numDraws).map((_, i) => i)), statistics: {} },
      { ...facts(), stopReason },
    ).verdictReasons;
  expect(reasonsAfter(0, "wall_sec in warmup")).toEqual([
    "The run has no draws: sampling.until.wall_sec ended it in warmup; raise it, or lower warmup.",
  ]);
  expect(reasonsAfter(3, "wall_sec")).toContain(
    "Diagnostics need at least 4 draws a chain, got 3: sampling.until.wall_sec ended the run; raise it, or lower warmup.",
  );
  expect(reasonsAfter(3, "draws")).toContain("Diagnostics need at least 4 draws a chain, got 3.");
});

test("BFMI does not apply to dynamics that accept every step", () => {
  const energy = autoregressive(0.99, [4, 1000]);
  const rates = energy.map((chain) => chain.map(() => Number.NaN));
  expect(summarizeRun(good({ energy, acceptance_rate: rates }), facts()).bfmi).toBeNaN();
});

describe("independent draws", () => {
  const independent = facts({ isIndependent: true });

  test("have the error of i.i.d. draws where fits agree", () => {
    const summary = summarizeRun(good(), independent);
    const iid = summary.llcStd / Math.sqrt(4000);
    expect(summary.llcMcse).toBeGreaterThanOrEqual(iid);
    expect(summary.llcMcse).toBeLessThan(3 * iid);
    expect(summary.essBulk).toBeCloseTo(4000 * (iid / summary.llcMcse) ** 2, 6);
    expect(summary.drift).toBeNaN();
    expect(summary.llcMcseBootstrap).toBeNaN();
  });

  test("have the spread of the fits as error where fits disagree", () => {
    const loss = goodLoss().map((chain, c) => chain.map((value) => value + c / nBeta));
    const summary = summarizeRun({ loss, statistics: {} }, independent);
    expect(summary.llcMcse).toBeCloseTo(Math.sqrt(5 / 3 / 4), 1);
    expect(summary.llcMcse).toBeGreaterThan(10 * mcseMean(goodLoss().map((c) => c.map((l) => nBeta * l))));
    expect(summary.verdictReasons[0]).toMatch(/^R̂ = .*: the fits disagree/);
  });

  test("with a control variate: mean and error from `loss`, spread and R̂ from `raw_loss`", () => {
    const raw = goodLoss();
    const smooth = raw.map((chain) =>
      chain.map((value) => 0.25 + 5 / nBeta + 0.01 * (value - 0.25 - 5 / nBeta)),
    );
    const summary = summarizeRun({ loss: smooth, statistics: { raw_loss: raw } }, independent);
    const plain = summarizeRun({ loss: raw, statistics: {} }, independent);
    expect(summary.llcMcse).toBeCloseTo(0.01 * plain.llcMcse, 12);
    expect(summary.essBulk / plain.essBulk).toBeCloseTo(1e4, 4);
    expect(summary).toMatchObject({ llcStd: plain.llcStd, llcMin: plain.llcMin, rHat: plain.rHat });
    const below = smooth.map((chain) => chain.map((value) => value - 5.5 / nBeta));
    const corrected = summarizeRun({ loss: below, statistics: { raw_loss: raw } }, independent);
    expect(corrected.fractionBelowInitial).toBe(0);
  });

  test("are judged by Pareto k̂ of their log weights", () => {
    const weights = (scale: number): Float64Array[] =>
      autoregressive(0, [4, 1000]).map((chain) => chain.map((u) => -scale * Math.log(0.5 - u)));
    const bad = summarizeRun(good({ log_weight: weights(1.2) }), independent);
    expect(bad.paretoK).toBeGreaterThan(0.7);
    expect(bad.verdictReasons[0]).toMatch(/^Pareto k̂ = /);
    expect(summarizeRun(good({ log_weight: weights(0.3) }), independent).paretoK).toBeLessThan(0.7);
  });
});

describe("a step of unadjusted Langevin dynamics that is too large", () => {
  const verdictAt = (stepCurvature: number): readonly string[] =>
    summarizeRun(good(), facts({ tuned: { step_curvature: stepCurvature } })).verdictReasons;

  test("is a reason for distrust from a tenth of variance in the stiffest direction", () => {
    expect(verdictAt(0.35)).toEqual([]);
    expect(verdictAt(0.37)[0]).toMatch(/^Step size times largest curvature = 0\.37 > 0\.36/);
  });
});

describe("importance weights of independent draws", () => {
  const independent = facts({ isIndependent: true });
  // q is N(0, 1) in llc − 5 and weights tilt it by e^{tilt·x}: the posterior's mean is 5 + tilt·variance of q.
  const tilted = (tilt: number): readonly string[] => {
    const loss = goodLoss();
    const weights = loss.map((chain) => chain.map((value) => tilt * (nBeta * (value - 0.25) - 5)));
    return summarizeRun({ loss, statistics: { log_weight: weights } }, independent).verdictReasons;
  };

  test("are a reason for distrust where they move λ̂ by more than 5 %", () => {
    expect(tilted(0)).toEqual([]);
    expect(tilted(1)[0]).toMatch(/^Importance weights move λ̂ from 5\.\d* to 5\.[5-9]/);
  });
});

describe("a run whose losses mix while its weights drift away", () => {
  const { loss } = good();

  test("is not converged, for that reason alone", () => {
    const distance = loss.map((chain, c) => chain.map((_, i) => Math.sqrt(i + 1) * (1 + c / 10)));
    const { verdict, verdictReasons } = summarizeRun(good({ distance }), facts());
    expect(verdict).toBe("not_converged");
    expect(verdictReasons).toEqual([
      expect.stringMatching(/^The chains' distances from w\* have not settled/),
    ]);
  });

  test("is converged where distances mix as well", () => {
    expect(summarizeRun(good({ distance: loss }), facts()).verdict).toBe("converged");
  });
});
