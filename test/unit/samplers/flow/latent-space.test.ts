import { describe, expect, it } from "vitest";
import { fillNormal } from "../../../../src/random/normal.ts";
import { LatentSpace } from "../../../../src/samplers/flow/latent-space.ts";
import { planeGrid } from "../../../support/mixtures.ts";

const spaceOf = (dim: number, latentDim: number, sigma: number): LatentSpace => {
  const space = new LatentSpace(dim, latentDim, sigma);
  space.begin({ seed: 3, purpose: 1 });
  return space;
};

const normals = (length: number, seed: number): Float64Array => {
  const out = new Float64Array(length);
  fillNormal({ seed, purpose: 2 }, out);
  return out;
};

const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

describe("LatentSpace", () => {
  it("gives back the z that it embedded, whatever the noise", () => {
    const space = spaceOf(7, 3, 0.2);
    const z = normals(3, 4);
    const x = new Float64Array(7);
    space.embed(z, normals(7, 5), x);
    space.project(x).forEach((value, i) => expect(value).toBeCloseTo(z[i]!, 13));
  });

  it("keeps noise in the complement alone: of d coordinates, d − k degrees of freedom", () => {
    const [dim, latentDim, sigma] = [9, 4, 0.5];
    const space = spaceOf(dim, latentDim, sigma);
    const x = new Float64Array(dim);
    let square = 0;
    const count = 4000;
    for (let draw = 0; draw < count; draw++) {
      space.embed(new Float64Array(latentDim), normals(dim, 10 + draw), x);
      square += (norm(x) / sigma) ** 2 / count;
    }
    // Mean of χ² with d − k degrees of freedom, standard error √(2(d − k)/count); 5 of them: 6e-7.
    const freedom = dim - latentDim;
    expect(Math.abs(square - freedom)).toBeLessThan(5 * Math.sqrt((2 * freedom) / count));
  });

  it("has a complement whose density integrates to 1: one dimension of two", () => {
    const space = spaceOf(2, 1, 0.3);
    const latent = (z: number): number => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
    const total = planeGrid(9, 900).reduce((sum, { point, area }) => {
      const z = space.project(point);
      return sum + area * latent(z[0]!) * Math.exp(space.logDensityOutside(point, z));
    }, 0);
    expect(total).toBeCloseTo(1, 10);
  });

  it("is the space itself where there are no more coordinates than latents", () => {
    for (const latentDim of [3, 8]) {
      const space = spaceOf(3, latentDim, 1e-3);
      const z = normals(3, 4);
      const x = new Float64Array(3);
      space.embed(z, normals(3, 5), x);
      expect(space.latentDim).toBe(3);
      expect(space.isSubspace).toBe(false);
      expect(x).toEqual(z);
      expect(space.project(x)).toEqual(z);
      expect(space.logDensityOutside(x, z)).toBe(0);
    }
  });
});
