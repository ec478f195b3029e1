/**
 * Uniform numbers of a stream: reals in (0, 1), integers below n.
 *
 * A real uses two words (a, b) of a block: u = (m + ½)·2⁻⁵² with m = a·2²⁰ + (b >>> 12), that is an odd multiple of
 * 2⁻⁵³: exact in a double, symmetric about ½, never 0 or 1. Index 2b takes words (0, 1) of block b, index 2b + 1 words
 * (2, 3). An integer uses one word: index 4b + j takes word j of block b.
 */
import { blocksOf, multiplyHigh, type RandomStream } from "./philox.ts";

/** (a, b) → u ∈ (0, 1), as in the header; every operation is exact. */
export const uniformOfWords = (a: number, b: number): number => (a * 2 ** 20 + (b >>> 12) + 0.5) * 2 ** -52;

/** Fills `out` with uniforms in (0, 1) at indices `firstIndex`, `firstIndex` + 1, … (< 2³³). */
export const fillUniform = (stream: RandomStream, out: Float64Array, firstIndex = 0): void => {
  const read = blocksOf(stream);
  for (let i = 0; i < out.length; i++) {
    const index = firstIndex + i;
    const words = read(Math.floor(index / 2));
    const first = (index % 2) * 2;
    out[i] = uniformOfWords(words[first], words[first + 1]);
  }
};

/** The uniform in (0, 1) at one index. */
export const uniformAt = (stream: RandomStream, index = 0): number => {
  const out = new Float64Array(1);
  fillUniform(stream, out, index);
  return out[0];
};

/**
 * Fills `out` with integers in [0, `bound`): the high word of word·bound. 1 ≤ `bound` ≤ 2³² − 1.
 * Probabilities differ from 1/bound by at most 2⁻³² each: a relative bias below bound/2³² (2.4e-4 for a million).
 */
export const fillIntegers = (stream: RandomStream, bound: number, out: Uint32Array): void => {
  const read = blocksOf(stream);
  for (let i = 0; i < out.length; i += 4) {
    const words = read(i / 4);
    const count = Math.min(4, out.length - i);
    for (let j = 0; j < count; j++) out[i + j] = multiplyHigh(words[j], bound);
  }
};
