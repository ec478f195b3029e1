/** Small mixtures of factor analysers with arbitrary parameters, and quadrature over the plane. */
import { fillNormal } from "../../src/random/normal.ts";
import type { VariationalFit } from "../../src/samplers/variational/variational-fit.ts";
import { displaceByMixture } from "../../src/samplers/variational/vi-draws.ts";
import { FactorMixture, mixtureShape } from "../../src/samplers/variational/vi-mixture.ts";

/** A mixture with random parameters of size about ½, σ around `scale`. */
export const aMixture = (
  dim: number,
  ranks: readonly number[],
  { seed = 5, scale = 1, temperature = 1 }: { seed?: number; scale?: number; temperature?: number } = {},
): FactorMixture => {
  const mixture = new FactorMixture(mixtureShape(dim, ranks), new Float64Array(dim).fill(scale), temperature);
  fillNormal({ seed, purpose: 1 }, mixture.values);
  mixture.values.forEach((value, at) => {
    mixture.values[at] = value / 2;
  });
  mixture.refresh();
  return mixture;
};

/** Mixtures as what is drawn from. */
export const drawable = (mixtures: readonly FactorMixture[]): Pick<VariationalFit, "displace">[] =>
  mixtures.map((mixture) => ({
    displace: (stream, noise, out) => displaceByMixture(mixture, { stream, noise }, out),
  }));

/** Points and weights of the trapezium rule on [−limit, limit]²: exact to rounding for functions that vanish there. */
export const planeGrid = (
  limit: number,
  numSteps: number,
): readonly { point: Float64Array; area: number }[] => {
  const step = (2 * limit) / numSteps;
  return Array.from({ length: (numSteps + 1) ** 2 }, (_, at) => {
    const [row, column] = [Math.floor(at / (numSteps + 1)), at % (numSteps + 1)];
    return { point: Float64Array.of(-limit + row * step, -limit + column * step), area: step * step };
  });
};
