/**
 * Which transitions of warmup feed the mass matrix: Stan's fast and slow windows, shortened for pooled chains.
 *
 * Step sizes adapt throughout. In slow windows positions are accumulated as well; at a slow window's end the mass
 * matrix is published, the accumulator is emptied and step-size adaptation starts anew.
 * Source: Stan, windowed_adaptation.hpp: buffers 75 | 25, 50, 100, … | 50.
 *
 * Pooling: C chains fill a window C times as fast, but the draws of one chain stay correlated and the way in from the
 * starts is no shorter. So the buffers stay, and the first slow window shrinks by √C (never under 10 transitions).
 */

/** A stretch of warmup: transitions `start` … `end − 1`. */
export interface AdaptationWindow {
  readonly start: number;
  readonly end: number;
  readonly isSlow: boolean;
}

const initialBuffer = 75;
const baseWindow = 25;
const terminalBuffer = 50;
const leastWarmup = 20;
const leastWindow = 10;

interface Buffers {
  readonly initial: number;
  readonly base: number;
  readonly terminal: number;
}

const buffersOf = (numWarmup: number): Buffers => {
  if (initialBuffer + baseWindow + terminalBuffer <= numWarmup) {
    return { initial: initialBuffer, base: baseWindow, terminal: terminalBuffer };
  }
  const initial = Math.floor(0.15 * numWarmup);
  const terminal = Math.floor(0.1 * numWarmup);
  return { initial, base: numWarmup - initial - terminal, terminal };
};

/**
 * Windows of `numWarmup` transitions in order, without gaps; empty windows are left out. With one chain it is Stan's
 * schedule to the letter; below 20 transitions everything is one fast window.
 */
export const windowSchedule = (numWarmup: number, numChains: number): readonly AdaptationWindow[] => {
  if (numWarmup < leastWarmup) {
    return numWarmup === 0 ? [] : [{ start: 0, end: numWarmup, isSlow: false }];
  }
  const { initial, base, terminal } = buffersOf(numWarmup);
  const slowEnd = numWarmup - terminal;
  const windows: AdaptationWindow[] = [{ start: 0, end: initial, isSlow: false }];
  let start = initial;
  let length = Math.max(Math.min(base, leastWindow), Math.ceil(base / Math.sqrt(numChains)));
  while (start < slowEnd) {
    const rest = slowEnd - start;
    // A window is stretched to the end where the next one, twice as long, would no longer fit.
    const end = 3 * length <= rest ? start + length : slowEnd;
    windows.push({ start, end, isSlow: true });
    start = end;
    length *= 2;
  }
  windows.push({ start: slowEnd, end: numWarmup, isSlow: false });
  return windows.filter((window) => window.end > window.start);
};
