import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { purpose } from "../../../../src/random/purpose.ts";
import { uniformAt } from "../../../../src/random/uniform.ts";
import {
  pairsOf,
  ReplicaExchange,
  type SwapPhase,
  swapProbability,
} from "../../../../src/samplers/tempering/replica-exchange.ts";
import { RoundTrips } from "../../../../src/samplers/tempering/round-trips.ts";
import { lawSeed } from "../../../support/law-seed.ts";

const uniformOf =
  (scan: number, numRungs: number) =>
  (replica: number, lowerRung: number): number =>
    uniformAt({ seed: lawSeed, purpose: purpose.swap, chain: replica * numRungs + lowerRung, step: scan });

describe("swapProbability", () => {
  it("is 1 where the hotter rung has the lower energy", () => {
    expect(swapProbability({ beta: 1, energy: 5 }, { beta: 0.5, energy: 3 })).toBe(1);
  });
  it("is e^{(β_i − β_j)(E_i − E_j)} where it has the higher", () => {
    expect(swapProbability({ beta: 1, energy: 3 }, { beta: 0.5, energy: 5 })).toBeCloseTo(Math.exp(-1), 15);
  });
  it("is 0 where an energy is not a number or the hotter one infinite", () => {
    expect(swapProbability({ beta: 1, energy: Number.NaN }, { beta: 0, energy: 1 })).toBe(0);
    expect(swapProbability({ beta: 1, energy: 1 }, { beta: 0, energy: Number.POSITIVE_INFINITY })).toBe(0);
  });
});

it("even scans try pairs (0, 1), (2, 3), …, odd ones (1, 2), (3, 4), …", () => {
  expect([pairsOf(0, 5), pairsOf(1, 5), pairsOf(2, 4), pairsOf(3, 4), pairsOf(1, 2)]).toEqual([
    [0, 2],
    [1, 3],
    [0, 2],
    [1],
    [],
  ]);
});

describe("ReplicaExchange", () => {
  it("asks for one uniform a pair, of its lower rung, and keeps both maps inverse to each other", () => {
    const exchange = new ReplicaExchange({ numReplicas: 3, numRungs: 5 });
    for (let scan = 0; scan < 50; scan++) {
      const asked: string[] = [];
      exchange.swap({
        scan,
        betas: Float64Array.of(1, 0.7, 0.4, 0.2, 0),
        energies: Float64Array.from({ length: 15 }, (_, row) => Math.sin(row + scan)),
        uniformOf: (replica, rung) => {
          asked.push(`${replica}/${rung}`);
          return uniformOf(scan, 5)(replica, rung);
        },
      });
      expect(asked).toEqual(
        [0, 1, 2].flatMap((replica) => pairsOf(scan, 5).map((pair) => `${replica}/${pair}`)),
      );
      exchange.rungOf.forEach((rung, row) => {
        expect(exchange.rowAt[row - (row % 5) + rung]).toBe(row);
      });
    }
    const copy = new ReplicaExchange({ numReplicas: 3, numRungs: 5 });
    copy.restore(exchange.snapshot());
    expect([copy.rungOf, copy.rowAt]).toEqual([exchange.rungOf, exchange.rowAt]);
  });

  /** Round trips of `numScans` scans in which every swap is accepted. */
  const tripsOfOpenLadder = (numRungs: number, numScans: number, countsStart: boolean): number => {
    const exchange = new ReplicaExchange({ numReplicas: 1, numRungs });
    const trips = new RoundTrips(numRungs, numRungs);
    if (countsStart) trips.record(exchange.rungOf);
    for (let scan = 0; scan < numScans; scan++) {
      exchange.swap({
        scan,
        betas: new Float64Array(numRungs),
        energies: new Float64Array(numRungs),
        uniformOf: () => 0.5,
      });
      trips.record(exchange.rungOf);
    }
    return trips.roundTrips;
  };
  const sumOver = (numRungs: number, term: (walker: number) => number): number =>
    Array.from({ length: numRungs }, (_, walker) => Math.floor(term(walker))).reduce((a, b) => a + b, 0);

  it("makes Σ ⌊max(2^R − i, 0)/2N⌋ round trips when every swap is accepted, the start counted (Pigeons)", () => {
    for (const numRungs of [2, 4, 8]) {
      for (const round of [4, 6, 8]) {
        const expected = sumOver(numRungs, (i) => Math.max(2 ** round - i, 0) / numRungs / 2);
        expect([numRungs, round, tripsOfOpenLadder(numRungs, 2 ** round, true)]).toEqual([
          numRungs,
          round,
          expected,
        ]);
      }
    }
  });

  it("lets a walker arrive at the hottest rung every second scan, each again after 2N scans, N even", () => {
    for (const numRungs of [2, 4, 6, 10]) {
      for (const numScans of [1, 10, 33, 100, 257]) {
        const expected = sumOver(numRungs, (i) => Math.max(numScans - 2 * i - 1, 0) / numRungs / 2);
        expect([numRungs, numScans, tripsOfOpenLadder(numRungs, numScans, false)]).toEqual([
          numRungs,
          numScans,
          expected,
        ]);
      }
    }
  });
});

/** β·E of a one-dimensional Gaussian ladder: rung k has law N(0, 1/(β_k + 1)), E = x²/2. */
const betas = Float64Array.of(1, 0.4, 0.1, 0);
const numReplicas = 4000;

/** Worst |z| of mean and variance at the rungs after `scans` phases of swaps alone, from an exact start. */
const deviationAfter = (scans: number, change: (phase: SwapPhase) => SwapPhase): number => {
  const numRungs = betas.length;
  const exchange = new ReplicaExchange({ numReplicas, numRungs });
  const x = new Float64Array(numReplicas * numRungs);
  fillNormal({ seed: lawSeed, purpose: purpose.noise }, x);
  x.forEach((z, row) => {
    x[row] = z / Math.sqrt((betas[row % numRungs] ?? Number.NaN) + 1);
  });
  const energies = x.map((value) => (value * value) / 2);
  for (let scan = 0; scan < scans; scan++) {
    exchange.swap(change({ scan, betas, energies, uniformOf: uniformOf(scan, numRungs) }));
  }
  let worst = 0;
  for (let rung = 0; rung < numRungs; rung++) {
    let square = 0;
    for (let replica = 0; replica < numReplicas; replica++) {
      const value = x[exchange.rowAt[replica * numRungs + rung] ?? -1] ?? Number.NaN;
      square += (value * value * ((betas[rung] ?? Number.NaN) + 1)) / numReplicas;
    }
    worst = Math.max(worst, Math.abs(square - 1) * Math.sqrt(numReplicas / 2));
  }
  return worst;
};

describe("swaps from an exact start (5 standard errors, false alarm 6e-7 a rung)", () => {
  it("leave the law of every rung as it is", () => {
    expect(deviationAfter(12, (phase) => phase)).toBeLessThan(5);
  });

  it("are seen to fail with the sign of the energies turned", () => {
    const turned = (phase: SwapPhase): SwapPhase => ({ ...phase, energies: phase.energies.map((e) => -e) });
    expect(deviationAfter(12, turned)).toBeGreaterThan(5);
  });

  it("are seen to fail when every swap is accepted", () => {
    expect(deviationAfter(12, (phase) => ({ ...phase, uniformOf: () => 0 }))).toBeGreaterThan(5);
  });

  it("are seen to fail when each side of a pair decides by a uniform of its own", () => {
    // What two processes do that do not share their decision: one takes the other's place, the other stays.
    const exactRow = (replica: number): Float64Array => {
      const row = new Float64Array(betas.length);
      fillNormal({ seed: lawSeed, purpose: purpose.noise, chain: replica }, row);
      return row.map((z, rung) => z / Math.sqrt((betas[rung] ?? Number.NaN) + 1));
    };
    const rows = Array.from({ length: numReplicas }, (_, replica) => exactRow(replica));
    for (let scan = 0; scan < 12; scan++) {
      rows.forEach((x, replica) => {
        for (const pair of pairsOf(scan, betas.length)) {
          const sides = [pair, pair + 1].map((rung) => ({
            beta: betas[rung] ?? Number.NaN,
            energy: (x[rung] ?? Number.NaN) ** 2 / 2,
          }));
          const [lower, upper] = sides as [(typeof sides)[0], (typeof sides)[0]];
          const probability = swapProbability(lower, upper);
          const [mine = 0, theirs = 0] = x.slice(pair, pair + 2);
          const decides = (rung: number): boolean =>
            uniformOf(scan, betas.length)(replica, rung) < probability;
          if (decides(pair)) x[pair] = theirs;
          if (decides(pair + 1)) x[pair + 1] = mine;
        }
      });
    }
    const worst = Math.max(
      ...Array.from(betas, (beta, rung) => {
        const square = rows.reduce(
          (sum, x) => sum + ((x[rung] ?? Number.NaN) ** 2 * (beta + 1)) / numReplicas,
          0,
        );
        return Math.abs(square - 1) * Math.sqrt(numReplicas / 2);
      }),
    );
    expect(worst).toBeGreaterThan(5);
  });
});
