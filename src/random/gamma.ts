/**
 * Gamma variates of a stream by Marsaglia & Tsang's rejection, with addressed attempts: the value at an index depends
 * on (stream, index, shape) alone, however many attempts other indices took.
 *
 * Attempt a of index i uses block 64·i + 2·a for its normal z (first of the Box–Muller pair) and block 64·i + 2·a + 1
 * for its uniform u (words 0, 1) and the uniform v (words 2, 3) that lifts shapes below 1.
 *
 * Source: Marsaglia & Tsang (2000), "A simple method for generating gamma variables", with x·v^{1/shape} for shape < 1.
 */
import { cosineOfTurn, exponential, naturalLog } from "./elementary.ts";
import { blocksOf, type RandomStream } from "./philox.ts";
import { uniformOfWords } from "./uniform.ts";

/** An attempt succeeds with probability > 0.95, so 32 failures have probability < 3e-42. */
const maxAttempts = 32;
const blocksPerIndex = 2 * maxAttempts;

/**
 * Fills `out` with Gamma(shape, scale 1) at indices 0, 1, … (< 2²⁶). A χ² with ν degrees of freedom is twice a gamma of
 * shape ν/2. @throws bug unless `shape` is positive and finite.
 */
export const fillGamma = (stream: RandomStream, shape: number, out: Float64Array): void => {
  if (!(shape > 0 && shape < Infinity)) throw new Error(`bug: gamma shape ${shape} is not in (0, ∞)`);
  const read = blocksOf(stream);
  for (let i = 0; i < out.length; i++) out[i] = gammaAt(read, i, shape);
};

const gammaAt = (read: (block: number) => Uint32Array, index: number, shape: number): number => {
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const block = index * blocksPerIndex + 2 * attempt;
    const z = firstNormal(read(block));
    const root = 1 + c * z;
    if (root <= 0) continue;
    const cube = root * root * root;
    const words = read(block + 1);
    const logU = naturalLog(uniformOfWords(words[0], words[1]));
    if (logU >= 0.5 * z * z + d * (1 - cube + naturalLog(cube))) continue;
    const lift = shape < 1 ? exponential(naturalLog(uniformOfWords(words[2], words[3])) / shape) : 1;
    return d * cube * lift;
  }
  throw new Error("bug: 32 rejections in a row");
};

const firstNormal = (words: Uint32Array): number => {
  const radius = Math.sqrt(-2 * naturalLog(uniformOfWords(words[0], words[1])));
  return radius * cosineOfTurn(uniformOfWords(words[2], words[3]));
};
