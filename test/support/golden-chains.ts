/**
 * Arrays of draws whose diagnostics are known to 16 digits.
 *
 * T1 and T2 are literal. T3, T5, T7 and T8 are AR(1) chains from the generator s ← (1664525·s + 1013904223) mod 2³²,
 * u = (s + ½)/2³², seed 12345 + chain: x_t = φ·x_{t−1} + u_t − ½, starting at 0.
 */

/** AR(1) chains with coefficient `phi`, shape (numChains, numDraws). */
export const autoregressive = (phi: number, [numChains, numDraws]: [number, number]): Float64Array[] =>
  Array.from({ length: numChains }, (_, chain) => {
    let state = 12345 + chain;
    let x = 0;
    return Float64Array.from({ length: numDraws }, () => {
      state = (1664525 * state + 1013904223) % 2 ** 32;
      x = phi * x + ((state + 0.5) / 2 ** 32 - 0.5);
      return x;
    });
  });

export const goldenChains = {
  T1: [Float64Array.of(1, 3, 2, 5, 4, 6, 8, 7), Float64Array.of(2, 1, 4, 3, 6, 5, 7, 9)],
  T2: [
    Float64Array.of(0.1, -0.4, 0.3, 1.2, -0.7, 0.5, 0.9, -1.1, 0.2, 0),
    Float64Array.of(0.3, -0.2, -0.9, 0.8, 1.5, -0.6, 0.4, -0.3, 0.7, -1.3),
    Float64Array.of(0.6, -0.1, 0, -0.5, 1.1, 0.2, -1.4, 0.8, -0.8, 0.9),
  ],
  T3: autoregressive(0.9, [4, 100]),
  T5: autoregressive(-0.5, [4, 200]),
  T7: autoregressive(0.7, [1, 500]),
  T8: autoregressive(0, [4, 250]),
} satisfies Record<string, Float64Array[]>;

export type GoldenName = keyof typeof goldenChains;
