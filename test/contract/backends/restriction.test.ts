/**
 * A problem of which only some parameters vary is the problem of fewer parameters, on every backend.
 *
 * Seen to fail: gradients gathered from the wrong half of the buffer; fixed values left at 0.
 */
import { describe, expect, it } from "vitest";
import type { LangevinSettings, Problem } from "../../../src/compute/backend.ts";
import { dimOf, networkLayers } from "../../../src/compute/model.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import {
  aClosedProblem,
  aNetworkProblem,
  normals,
  perChain,
  positionsFor,
  vectorsOf,
} from "../../support/problems.ts";

type AnyProblem = Omit<Problem, "precision">;

const numChains = 3;
const widths = { thin: [7, 7, 7], wide: [70, 6] } as const;

/** The middle layer of a network varies. */
const restricted = (shape: keyof typeof widths): { full: AnyProblem; part: AnyProblem; free: number[] } => {
  const full = aNetworkProblem({ network: { widths: widths[shape] }, numChains, numData: 40 });
  if (full.model.kind !== "network") throw new Error("bug: no network");
  const [, layer] = networkLayers(full.model.network);
  if (layer === undefined) throw new Error("bug: no second layer");
  const length = layer.fanIn * layer.fanOut + layer.fanOut;
  const free = Array.from({ length }, (_, i) => layer.weights + i);
  const fixed = positionsFor({ ...full, numChains: 1 }, 5);
  return { full, part: { ...full, restriction: { free, fixed } }, free };
};

describeBackends("restricted problems", (backend) => {
  it.each(["thin", "wide"] as const)(
    "have loss and gradient of the model at the fixed values: %s",
    async (shape) => {
      const { full, part, free } = restricted(shape);
      const [whole, ensemble] = [backend.open(full), backend.open(part)];
      expect(ensemble.dim).toBe(free.length);
      const fixed = part.restriction?.fixed ?? new Float64Array(0);
      const values = normals(numChains * free.length, 9, 0.3);
      const scattered = new Float64Array(numChains * whole.dim);
      for (let chain = 0; chain < numChains; chain++) {
        scattered.set(fixed, chain * whole.dim);
        free.forEach((index, i) => {
          scattered[chain * whole.dim + index] = values[chain * free.length + i] ?? Number.NaN;
        });
      }
      const evaluate = async (of: typeof whole, positions: Float64Array, batchSize: number) => {
        const [loss, gradient] = [of.scalars(), of.vectors()];
        const position = vectorsOf(of, positions);
        if (batchSize === 0) of.lossAndGradient(position, loss, gradient);
        else of.minibatchLossAndGradient(position, { batchSize, step: 3 }, { loss, gradient });
        return { loss: await of.readScalars(loss), gradient: await of.readVectors(gradient) };
      };
      for (const batchSize of [0, 8]) {
        const expected = await evaluate(whole, scattered, batchSize);
        const got = await evaluate(ensemble, values, batchSize);
        expect(got.loss).toEqual(expected.loss);
        const gathered = perChain({ numChains: numChains * free.length }, (at) => {
          const [chain, i] = [Math.floor(at / free.length), at % free.length];
          return expected.gradient[chain * whole.dim + (free[i] ?? 0)] ?? Number.NaN;
        });
        expect(got.gradient).toEqual(gathered);
      }
    },
  );

  it("move as the problem of the free parameters alone: SGLD, trajectories and noise", async () => {
    const curvature = [3, 1, 4, 1.5, 9, 2];
    const free = [1, 2, 4];
    const fixed = Float64Array.of(5, 0, 0, -7, 0, 1);
    const part: AnyProblem = {
      ...aClosedProblem({ kind: "quadratic", curvature }, numChains),
      restriction: { free, fixed },
    };
    const alone = aClosedProblem(
      { kind: "quadratic", curvature: free.map((i) => curvature[i] ?? Number.NaN) },
      numChains,
    );
    const moved = [];
    for (const problem of [part, alone]) {
      const ensemble = backend.open(problem);
      const center = Float64Array.of(0.5, -0.25, 1);
      ensemble.setPotential({
        center,
        nBeta: perChain(ensemble, () => 2),
        gamma: perChain(ensemble, () => 0.5),
      });
      const position = vectorsOf(ensemble, normals(numChains * 3, 4));
      const arrays = { secondMoment: ensemble.vectors(), firstMoment: ensemble.vectors() };
      const settings: LangevinSettings = {
        preconditioner: "none",
        stepSizes: new Float64Array(5).fill(0.1),
        batchSize: 0,
        beta1: 0,
        beta2: 0,
        floor: 1,
        biasCorrection: false,
        isFrozen: false,
        stepsDone: 0,
        numSteps: 5,
      };
      ensemble.langevin({ position, ...arrays }, settings);
      const state = {
        position,
        momentum: vectorsOf(ensemble, normals(numChains * 3, 6)),
        gradient: ensemble.vectors(),
        inverseMass: ensemble.row(),
        factor: null,
        loss: ensemble.scalars(),
        potential: ensemble.scalars(),
      };
      ensemble.writeRow(state.inverseMass, Float64Array.of(1, 0.5, 2));
      ensemble.potentialAndGradient(position, state);
      const stepSize = ensemble.scalars();
      ensemble.writeScalars(
        stepSize,
        perChain(ensemble, () => 0.2),
      );
      ensemble.leapfrog(state, { stepSize, numSteps: 4 });
      moved.push([await ensemble.readVectors(position), await ensemble.readVectors(state.momentum)]);
    }
    expect(moved[0]).toEqual(moved[1]);
  });

  it("to all parameters are the problem itself", async () => {
    const { full } = restricted("thin");
    const all = Array.from({ length: dimOf(full.model) }, (_, i) => i);
    const part = { ...full, restriction: { free: all, fixed: new Float64Array(all.length).fill(3) } };
    const losses = [];
    for (const problem of [full, part]) {
      const ensemble = backend.open(problem);
      const loss = ensemble.scalars();
      ensemble.loss(vectorsOf(ensemble, positionsFor(full)), loss);
      losses.push(await ensemble.readScalars(loss));
    }
    expect(losses[1]).toEqual(losses[0]);
  });
});

describe("restrictions", () => {
  it("name parameters that the model has, in ascending order", async () => {
    const { createReferenceBackend } = await import("../../../src/compute/reference/reference-backend.ts");
    const { full } = restricted("thin");
    const fixed = new Float64Array(dimOf(full.model));
    const open = (free: readonly number[], values = fixed) =>
      createReferenceBackend().open({ ...full, precision: "float64", restriction: { free, fixed: values } });
    expect(() => open([0, 3])).not.toThrow();
    for (const free of [[], [3, 3], [2, 1], [-1], [0.5], [fixed.length]]) {
      expect(() => open(free)).toThrow("bug: free parameters");
    }
    expect(() => open([0], new Float64Array(2))).toThrow("bug: 2 fixed values");
  });
});
