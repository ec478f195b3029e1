/** Philox against the known answers of the Random123 distribution (file kat_vectors, lines "philox4x32 10"). */
import { describe, expect, it } from "vitest";
import { blocksOf, keyOf, multiplyHigh, philox } from "../../../src/random/philox.ts";

const knownAnswers = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

describe("philox", () => {
  it.each(knownAnswers)("gives the known answer for counter $counter", ({ counter, key, words }) => {
    const out = new Uint32Array(4);
    philox(Uint32Array.from(counter), Uint32Array.from(key), out);
    expect([...out]).toEqual(words);
  });

  it("reads counter = (block, step, chain, purpose) and key = (low, high) of the seed", () => {
    const seed = 2 ** 40 + 5;
    const expected = new Uint32Array(4);
    philox(Uint32Array.of(9, 2, 3, 4), Uint32Array.of(5, 256), expected);
    expect([...blocksOf({ seed, purpose: 4, step: 2, chain: 3 })(9)]).toEqual([...expected]);
  });

  it("refuses seeds outside [0, 2^53)", () => {
    for (const seed of [-1, 0.5, 2 ** 53, NaN]) expect(() => keyOf(seed)).toThrow(/bug: seed/);
    expect([...keyOf(2 ** 53 - 1)]).toEqual([0xffffffff, 0x1fffff]);
  });
});

describe("multiplyHigh", () => {
  it("is the high word of the exact product", () => {
    const words = [0, 1, 2, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xd2511f53, 0xfffffffe, 0xffffffff];
    for (const a of words) {
      for (const b of words) expect(multiplyHigh(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
    }
  });
});
