/** Uniform numbers in [0, 1) for tests that must be repeatable: a linear congruential generator (Numerical Recipes). */
export const generator = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
};
