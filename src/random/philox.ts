/**
 * Philox4x32-10: a counter-based generator. Four random words are a function of a counter of four words and a key of
 * two; nothing is drawn "in sequence", so results do not depend on the order of execution, on threads or on restarts.
 *
 * Source: Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC '11.
 * Here counter = (block, step, chain, purpose) and key = (low 32 bits, high 21 bits) of the seed.
 */

/** Multipliers and key increments of the publication. */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const numRounds = 10;

/** A stream of random numbers; its values are addressed by an index. */
export interface RandomStream {
  /** Integer in [0, 2⁵³). */
  readonly seed: number;
  /** One of `purpose` in `purpose.ts`. */
  readonly purpose: number;
  /** Integer in [0, 2³²). Default 0. */
  readonly step?: number;
  /** Integer in [0, 2³²). Default 0. */
  readonly chain?: number;
}

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers, as an unsigned integer. */
export const multiplyHigh = (a: number, b: number): number => {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Each partial sum stays below 2³²: 65535·65535 + 65535 < 2³².
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const cross = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) >>> 0;
};

/** Ten rounds of Philox on `counter` (4 words) under `key` (2 words); the result goes to `out` (4 words). */
export const philox = (counter: Uint32Array, key: Uint32Array, out: Uint32Array): void => {
  let x0 = counter[0];
  let x1 = counter[1];
  let x2 = counter[2];
  let x3 = counter[3];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < numRounds; round++) {
    const high0 = multiplyHigh(M0, x0);
    const high1 = multiplyHigh(M1, x2);
    const low0 = Math.imul(M0, x0);
    const low1 = Math.imul(M1, x2);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
};

/** Seed → key. @throws bug if the seed is not an integer in [0, 2⁵³). */
export const keyOf = (seed: number): Uint32Array => {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`bug: seed ${seed} is not in [0, 2^53)`);
  return Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32));
};

/**
 * Reader of the blocks of a stream: `read(block)` gives the four words at counter (block, step, chain, purpose).
 * `block` is an integer in [0, 2³²). The returned array is reused by the next call.
 */
export const blocksOf = (stream: RandomStream): ((block: number) => Uint32Array) => {
  const key = keyOf(stream.seed);
  const counter = Uint32Array.of(0, stream.step ?? 0, stream.chain ?? 0, stream.purpose);
  const words = new Uint32Array(4);
  return (block) => {
    counter[0] = block;
    philox(counter, key, words);
    return words;
  };
};
