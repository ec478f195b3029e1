/** One trajectory: golden leapfrog, what is kept on rejection, what counts as divergence. */
import { describe, expect, it } from "vitest";
import { purpose } from "../../../../src/random/purpose.ts";
import { startPositions } from "../../../../src/samplers/chains/start-positions.ts";
import type { Trajectory } from "../../../../src/samplers/hamiltonian/hamiltonian-kernel.ts";
import { HamiltonianKernel } from "../../../../src/samplers/hamiltonian/hamiltonian-kernel.ts";
import type { Posterior } from "../../../../src/samplers/sampler.ts";
import { aPosterior } from "../../../support/posteriors.ts";

const kernelOf = async (posterior: Posterior): Promise<HamiltonianKernel> => {
  const kernel = new HamiltonianKernel(posterior, startPositions(posterior));
  await kernel.evaluate();
  return kernel;
};

const trajectory = (overrides: Partial<Trajectory> = {}): Trajectory => ({
  stepSize: 0.05,
  numSteps: 5,
  momentum: { purpose: purpose.momentum, step: 0 },
  ...overrides,
});

describe("leapfrog of the backend", () => {
  it("follows the golden orbit of the standard normal", async () => {
    // q = 1, p = 0.5, ε = 0.3, 5 steps, from the recursion in double precision.
    const model = { kind: "quadratic", curvature: [1] } as const;
    const { ensemble } = aPosterior({ model, nBeta: 1, gamma: 0, numChains: 1 });
    const vectors = (value: number) => {
      const array = ensemble.vectors();
      ensemble.writeVectors(array, Float64Array.of(value));
      return array;
    };
    const [inverseMass, stepSize, loss, potential] = [
      ensemble.row(),
      ensemble.scalars(),
      ensemble.scalars(),
      ensemble.scalars(),
    ];
    ensemble.writeRow(inverseMass, Float64Array.of(1));
    ensemble.writeScalars(stepSize, Float64Array.of(0.3));
    const state = {
      position: vectors(1),
      momentum: vectors(0.5),
      gradient: vectors(1),
      inverseMass,
      factor: null,
      loss,
      potential,
    };
    ensemble.leapfrog(state, { stepSize, numSteps: 5 });
    const [q] = await ensemble.readVectors(state.position);
    const [p] = await ensemble.readVectors(state.momentum);
    expect(q).toBeCloseTo(0.5697176390500001, 14);
    expect(p).toBeCloseTo(-0.9540570323575, 14);
    expect(((q ?? 0) ** 2 + (p ?? 0) ** 2) / 2 - 0.625).toBeCloseTo(-0.007598495382247106, 14);
  });
});

describe("HamiltonianKernel", () => {
  it("keeps loss, potential and gradient those of the position, accepted or not", async () => {
    const posterior = aPosterior({ numChains: 32 });
    const kernel = await kernelOf(posterior);
    let numRejected = 0;
    for (let step = 0; step < 10; step++) {
      const momentum = { purpose: purpose.momentum, step };
      const before = await posterior.ensemble.readVectors(kernel.position);
      await kernel.transition(trajectory({ stepSize: 0.11, momentum }), step);
      const after = await posterior.ensemble.readVectors(kernel.position);
      numRejected += after.filter((w, i) => i % 3 === 0 && w === before[i]).length;
      const kept = [kernel.loss, kernel.potential, await posterior.ensemble.readVectors(kernel.gradient)];
      await kernel.evaluate();
      const fresh = [kernel.loss, kernel.potential, await posterior.ensemble.readVectors(kernel.gradient)];
      expect(kept).toEqual(fresh);
    }
    expect(numRejected).toBeGreaterThan(20);
    expect(numRejected).toBeLessThan(300);
  });

  it("reports H after the momentum was drawn, and ΔH of the proposal", async () => {
    // One chain with a step so small that the proposal is the start: ΔH = 0, and H = U + ½·Σ z².
    const posterior = aPosterior({ numChains: 1 });
    const kernel = await kernelOf(posterior);
    const normals = posterior.ensemble.vectors();
    posterior.ensemble.normal({ purpose: purpose.momentum, step: 0 }, normals);
    const kinetic = (await posterior.ensemble.readVectors(normals)).reduce((sum, z) => sum + (z * z) / 2, 0);
    const expected = (kernel.potential[0] ?? 0) + kinetic;
    kernel.setInverseMass(Float64Array.of(0.5, 2, 7));
    const info = await kernel.transition(trajectory({ stepSize: 1e-9 }), 0);
    expect(info.energy[0]).toBeCloseTo(expected, 12);
    expect(info.energyError[0]).toBeCloseTo(0, 6);
    expect(info.acceptanceRate[0]).toBeCloseTo(1, 6);
  });

  it("leaves a chain where it is when its proposal is not finite, and calls it divergent", async () => {
    const posterior = aPosterior();
    const kernel = await kernelOf(posterior);
    const before = await posterior.ensemble.readVectors(kernel.position);
    const info = await kernel.transition(trajectory({ stepSize: 1e160 }), 0);
    expect([...info.energyError]).toEqual(Array.from({ length: 4 }, () => Number.POSITIVE_INFINITY));
    expect([...info.acceptanceRate]).toEqual([0, 0, 0, 0]);
    expect([...info.isDivergent]).toEqual([1, 1, 1, 1]);
    expect(await posterior.ensemble.readVectors(kernel.position)).toEqual(before);
    expect(kernel.potential.every(Number.isFinite)).toBe(true);
  });

  it("calls ΔH above 1000 divergent, and no ordinary rejection", async () => {
    const kernel = await kernelOf(aPosterior({ startScale: 1 }));
    const large = await kernel.transition(trajectory({ stepSize: 1 }), 0);
    expect([...large.isDivergent]).toEqual([1, 1, 1, 1]);
    expect(large.energyError.every((error) => error > 1000 && Number.isFinite(error))).toBe(true);
    const typical = await kernelOf(aPosterior({ startScale: 0.06, numChains: 32 }));
    const moderate = await typical.transition(trajectory({ stepSize: 0.12, numSteps: 3 }), 1);
    expect(moderate.energyError.some((error) => error > 1)).toBe(true);
    expect(moderate.isDivergent.every((flag) => flag === 0)).toBe(true);
  });

  it("forgets a probe", async () => {
    const posterior = aPosterior();
    const kernel = await kernelOf(posterior);
    const state = async (): Promise<unknown> => [
      await posterior.ensemble.readVectors(kernel.position),
      await posterior.ensemble.readVectors(kernel.gradient),
      kernel.loss,
      kernel.potential,
    ];
    const before = await state();
    expect(await kernel.probe(trajectory({ numSteps: 1 }))).toBeGreaterThan(0.5);
    expect(await state()).toEqual(before);
  });
});
