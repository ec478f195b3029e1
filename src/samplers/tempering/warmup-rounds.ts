/**
 * Warmup of parallel tempering in rounds of doubling length: what is learnt in a round is used from the next one on.
 *
 * Rounds of 2, 4, 8, … scans; the last takes all that is left and is not shorter than the one before, so that the final
 * step sizes are learnt at length on the final ladder. Source: Pigeons.jl, whose rounds double likewise.
 */

/** Where a scan of warmup lies. */
export interface RoundPosition {
  /** Scans of this round that came before. */
  readonly offset: number;
  readonly length: number;
  readonly isLastRound: boolean;
}

/** Lengths of the rounds of `numScans` scans; their sum. */
export const roundLengths = (numScans: number): readonly number[] => {
  const lengths: number[] = [];
  let left = numScans;
  for (let length = 2; left > 0; length *= 2) {
    const taken = left - length < length ? left : length;
    lengths.push(taken);
    left -= taken;
  }
  return lengths;
};

/** Round of scan `index`, 0 ≤ index < numScans. */
export const roundAt = (numScans: number, index: number): RoundPosition => {
  const lengths = roundLengths(numScans);
  let offset = index;
  let round = 0;
  while (offset >= lengths[round]) offset -= lengths[round++];
  return { offset, length: lengths[round], isLastRound: round === lengths.length - 1 };
};
