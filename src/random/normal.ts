/**
 * Standard normal numbers of a stream, by the Box–Muller transform in float64.
 *
 * Block b gives indices 2b and 2b + 1: with u from words (0, 1) and t from words (2, 3) (see `uniform.ts`),
 * ρ = √(−2·log u), z_{2b} = ρ·cos 2πt, z_{2b+1} = ρ·sin 2πt. Logarithm, sine and cosine are those of `elementary.ts`,
 * so that every backend produces the same bits; float32 arrays hold these values rounded. |z| ≤ 8.58.
 *
 * Source: Box & Muller (1958).
 */
import { cosineOfTurn, naturalLog, sineOfTurn } from "./elementary.ts";
import { blocksOf, type RandomStream } from "./philox.ts";
import { uniformOfWords } from "./uniform.ts";

/** Fills `out` with the normals at indices `firstIndex`, `firstIndex` + 1, … (< 2³³). */
export const fillNormal = (stream: RandomStream, out: Float64Array, firstIndex = 0): void => {
  const read = blocksOf(stream);
  let i = 0;
  while (i < out.length) {
    const index = firstIndex + i;
    const words = read(Math.floor(index / 2));
    const radius = Math.sqrt(-2 * naturalLog(uniformOfWords(words[0], words[1])));
    const turn = uniformOfWords(words[2], words[3]);
    if (index % 2 === 0) {
      out[i++] = radius * cosineOfTurn(turn);
      if (i === out.length) break;
    }
    out[i++] = radius * sineOfTurn(turn);
  }
};
