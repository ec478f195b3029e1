/**
 * The reference backend with a fixed seed gives the same numbers for ever: a change of these hashes is a change of
 * every seed's results and needs a line in the changelog. A relu network keeps to + − × ÷ √, which no engine may vary.
 */
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { createReferenceBackend } from "../../src/compute/reference/reference-backend.ts";
import { purpose } from "../../src/random/purpose.ts";
import {
  aNetworkProblem,
  positionsFor,
  scalarsOf,
  setTestPotential,
  vectorsOf,
} from "../support/problems.ts";

const hashOf = (values: Float64Array): string =>
  createHash("sha256").update(Buffer.from(values.buffer)).digest("hex").slice(0, 16);

it("leapfrog and Langevin trajectories of the reference keep their bits", async () => {
  const problem = aNetworkProblem({ network: { activation: "relu" }, numData: 65, numChains: 3, seed: 42 });
  const ensemble = createReferenceBackend().open({ ...problem, precision: "float64" });
  setTestPotential(ensemble);
  const position = vectorsOf(ensemble, positionsFor(problem));
  const [momentum, gradient, inverseMass] = [ensemble.vectors(), ensemble.vectors(), ensemble.row()];
  const [loss, potential] = [ensemble.scalars(), ensemble.scalars()];
  ensemble.writeRow(inverseMass, new Float64Array(ensemble.dim).fill(0.5));
  ensemble.normal({ purpose: purpose.momentum, step: 0 }, momentum);
  ensemble.potentialAndGradient(position, { loss, potential, gradient });
  const settings = { stepSize: scalarsOf(ensemble, [0.01, 0.02, 0.03]), numSteps: 10 };
  ensemble.leapfrog({ position, momentum, gradient, inverseMass, factor: null, loss, potential }, settings);
  expect(hashOf(await ensemble.readVectors(position)), "leapfrog").toBe("7af03fc1c37070c2");

  const langevin = { position, secondMoment: ensemble.vectors(), firstMoment: ensemble.vectors() };
  ensemble.langevin(langevin, {
    preconditioner: "none",
    stepSizes: new Float64Array(20).fill(1e-3),
    batchSize: 7,
    beta1: 0,
    beta2: 0,
    floor: 0,
    biasCorrection: false,
    isFrozen: false,
    stepsDone: 0,
    numSteps: 20,
  });
  expect(hashOf(await ensemble.readVectors(position)), "langevin").toBe("4269fe2cddd0b14c");
});
