/**
 * Loss and gradient of networks: the reference against central differences, every other backend against the reference.
 *
 * Tolerances: `test/support/backend-cases.ts`. Sizes lie around vector widths (8, 16) and sample tiles (64).
 */
import { describe, expect, it } from "vitest";
import { dimOf, type LossSpec, type NetworkSpec } from "../../../src/compute/model.ts";
import { createReferenceBackend } from "../../../src/compute/reference/reference-backend.ts";
import { type BackendCase, describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import { aNetworkProblem, normals, positionsFor, vectorsOf } from "../../support/problems.ts";

type TestProblem = ReturnType<typeof aNetworkProblem>;

const losses: readonly LossSpec[] = [
  { kind: "mse" },
  { kind: "t_regression", df: 3, scale: 0.7 },
  { kind: "bce" },
  { kind: "cross_entropy" },
];
const activations = ["relu", "tanh", "gelu", "sigmoid", "identity"] as const;

/** Every combination of activation, loss and parts, on 5-7-7-7-3. */
const combinations = activations.flatMap((activation) =>
  losses.flatMap((loss) =>
    [false, true].flatMap((bias) =>
      [false, true].flatMap((layernorm) =>
        [false, true].map((skipConnections) => {
          const parts = [bias && "bias", layernorm && "layernorm", skipConnections && "skips"];
          const title = [activation, loss.kind, ...parts.filter((part) => part !== false)].join(" + ");
          return {
            title,
            problem: aNetworkProblem({ network: { activation, bias, layernorm, skipConnections }, loss }),
          };
        }),
      ),
    ),
  ),
);

interface Shape {
  readonly network: Partial<NetworkSpec>;
  readonly numData: number;
  readonly numChains: number;
  readonly loss?: LossSpec;
}

const sizes: readonly Shape[] = [
  { network: { inDim: 1, widths: [], outDim: 1 }, numData: 1, numChains: 1 },
  { network: { inDim: 3, widths: [], outDim: 1, bias: false }, numData: 777, numChains: 3 },
  {
    network: { inDim: 62, widths: [], outDim: 65 },
    numData: 3,
    numChains: 1,
    loss: { kind: "cross_entropy" },
  },
  { network: { inDim: 1, widths: [1], outDim: 1 }, numData: 1, numChains: 1 },
  { network: { inDim: 1, widths: [1, 1, 1], outDim: 1 }, numData: 65, numChains: 3 },
  { network: { inDim: 3, widths: [1], outDim: 3 }, numData: 62, numChains: 65 },
  { network: { inDim: 4, widths: [4, 4], outDim: 1 }, numData: 100, numChains: 4 },
  { network: { inDim: 4, widths: [4, 4], outDim: 1 }, numData: 3, numChains: 777 },
  { network: { inDim: 4, widths: [4, 4], outDim: 1, layernorm: true }, numData: 3, numChains: 65 },
  { network: { inDim: 2, widths: [3], outDim: 1 }, numData: 2049, numChains: 3 },
  { network: { inDim: 32, widths: [62, 62, 62], outDim: 1 }, numData: 65, numChains: 2 },
  { network: { inDim: 65, widths: [62, 65], outDim: 3 }, numData: 63, numChains: 3 },
  { network: { inDim: 16, widths: [64, 32], outDim: 8 }, numData: 64, numChains: 2 },
  { network: { inDim: 3, widths: [777], outDim: 1 }, numData: 65, numChains: 1 },
  { network: { inDim: 777, widths: [3], outDim: 2 }, numData: 3, numChains: 2 },
  { network: { inDim: 1, widths: [65, 1, 65], outDim: 1 }, numData: 129, numChains: 1 },
  { network: { inDim: 62, widths: [62, 62], outDim: 62, skipConnections: true }, numData: 3, numChains: 1 },
  { network: { inDim: 5, widths: [65, 65], outDim: 1, layernorm: true }, numData: 62, numChains: 3 },
];
const sizedProblem = ({ network, ...rest }: Shape, activation: NetworkSpec["activation"]): TestProblem =>
  aNetworkProblem({ network: { ...network, activation }, ...rest });
const titleOf = ({ network, numData, numChains }: Shape): string => {
  const widths = [network.inDim, ...(network.widths ?? []), network.outDim].join("-");
  return `${widths}${network.layernorm ? " layernorm" : ""}, n = ${numData}, ${numChains} chains`;
};

const reference = createReferenceBackend();

/** Loss and gradient at the test positions, in float64 TypeScript. */
const referenceOf = async (problem: TestProblem): Promise<{ loss: Float64Array; gradient: Float64Array }> => {
  const ensemble = reference.open({ ...problem, precision: "float64" });
  const [loss, gradient] = [ensemble.scalars(), ensemble.vectors()];
  ensemble.lossAndGradient(vectorsOf(ensemble, positionsFor(problem)), loss, gradient);
  return { loss: await ensemble.readScalars(loss), gradient: await ensemble.readVectors(gradient) };
};

const expectReference = async (backend: BackendCase, problem: TestProblem): Promise<void> => {
  const expected = await referenceOf(problem);
  const ensemble = backend.open(problem);
  const position = vectorsOf(ensemble, positionsFor(problem));
  const [loss, gradient, lossAlone] = [ensemble.scalars(), ensemble.vectors(), ensemble.scalars()];
  ensemble.lossAndGradient(position, loss, gradient);
  ensemble.loss(position, lossAlone);
  expectClose(await ensemble.readScalars(loss), expected.loss, backend.tolerance.loss);
  expectClose(await ensemble.readScalars(lossAlone), expected.loss, backend.tolerance.loss);
  expectClose(await ensemble.readVectors(gradient), expected.gradient, backend.tolerance.gradient);
};

describe("reference gradients", () => {
  const problems = [
    ...combinations,
    { title: "no hidden layer", problem: aNetworkProblem({ network: { widths: [] } }) },
    {
      title: "skips every second layer",
      problem: aNetworkProblem({
        network: { widths: [5, 5, 5, 5, 4], skipConnections: true, residualPeriod: 2 },
      }),
    },
  ];

  // Central differences with h = 1e-5: error h²·|L'''| + ε·|L|/h ≈ 1e-10 + 1e-11, so 1e-8 of the largest slope.
  it.each(problems)("equal central differences: $title", async ({ problem }) => {
    const { gradient } = await referenceOf(problem);
    const dim = dimOf(problem.model);
    const h = 1e-5;
    const shifted = reference.open({ ...problem, precision: "float64", numChains: 2 * dim });
    const start = positionsFor(problem).subarray(0, dim);
    const positions = new Float64Array(2 * dim * dim);
    for (let i = 0; i < 2 * dim; i++) {
      positions.set(start, i * dim);
      const at = i * dim + Math.floor(i / 2);
      positions[at] = (positions[at] as number) + (i % 2 === 0 ? h : -h);
    }
    const out = shifted.scalars();
    shifted.loss(vectorsOf(shifted, positions), out);
    const values = await shifted.readScalars(out);
    const slopes = Float64Array.from(
      { length: dim },
      (_, i) => ((values[2 * i] as number) - (values[2 * i + 1] as number)) / (2 * h),
    );
    expectClose(gradient.subarray(0, dim), slopes, 1e-8);
  });
});

describeBackends("networks", (backend) => {
  it.each(combinations)("loss and gradient equal the reference: $title", ({ problem }) =>
    expectReference(backend, problem),
  );

  it.each(sizes.map((shape) => ({ title: titleOf(shape), shape })))(
    "loss and gradient equal the reference: $title",
    async ({ shape }) => {
      await expectReference(backend, sizedProblem(shape, "tanh"));
      await expectReference(backend, sizedProblem(shape, "relu"));
    },
  );

  it("relu has slope 0 at 0", async () => {
    const problem = aNetworkProblem({
      network: { inDim: 1, widths: [1], outDim: 1, activation: "relu" },
      numChains: 1,
    });
    const ensemble = backend.open(problem);
    const [loss, gradient] = [ensemble.scalars(), ensemble.vectors()];
    // Hidden weight and bias 0, so z = 0 for every point; output weight 1, bias 0.
    ensemble.lossAndGradient(vectorsOf(ensemble, Float64Array.of(0, 0, 1, 0)), loss, gradient);
    const [weight, bias, outputWeight] = await ensemble.readVectors(gradient);
    expect([weight, bias, outputWeight].map((slope) => (slope as number) + 0)).toEqual([0, 0, 0]);
  });

  it.each([
    { kind: "bce" as const, outDim: 1 },
    { kind: "cross_entropy" as const, outDim: 3 },
  ])("$kind is finite and linear for logits of ±1e4", async ({ kind, outDim }) => {
    const network = { inDim: 1, widths: [], outDim, bias: false };
    const base = aNetworkProblem({ network, loss: { kind }, numData: 2, numChains: 1 });
    const labels = outDim === 1 ? Float64Array.of(0, 1) : Float64Array.of(0, 1, 0, 1, 0, 0);
    const problem = { ...base, dataset: { numData: 2, inputs: Float64Array.of(1, 1), labels } };
    const ensemble = backend.open(problem);
    const weights = outDim === 1 ? Float64Array.of(1e4) : Float64Array.of(1e4, -1e4, 0);
    const [loss, gradient] = [ensemble.scalars(), ensemble.vectors()];
    ensemble.lossAndGradient(vectorsOf(ensemble, weights), loss, gradient);
    // One of the two points is right at no cost, the other is wrong by 1e4 (bce) or 2e4 (cross-entropy) nats.
    expectClose(await ensemble.readScalars(loss), [outDim === 1 ? 5e3 : 1e4], backend.tolerance.loss);
    const slopes = outDim === 1 ? [0.5] : [0.5, -0.5, 0];
    expectClose(await ensemble.readVectors(gradient), slopes, backend.tolerance.gradient);
  });

  it.each(activations)("%s saturates without NaN at weights of ±1e3", async (activation) => {
    const problem = aNetworkProblem({
      network: { activation },
      loss: { kind: "t_regression", df: 3, scale: 1 },
    });
    const position = normals(problem.numChains * dimOf(problem.model), 5, 1e3);
    const ensemble = backend.open(problem);
    const [loss, gradient] = [ensemble.scalars(), ensemble.vectors()];
    ensemble.lossAndGradient(vectorsOf(ensemble, position), loss, gradient);
    expect((await ensemble.readScalars(loss)).every(Number.isFinite)).toBe(true);
    expect((await ensemble.readVectors(gradient)).every(Number.isFinite)).toBe(true);
  });

  it("potentialAndGradient adds the localiser to nβ·L_n, chain by chain", async () => {
    const problem = aNetworkProblem({ numChains: 5 });
    const positions = positionsFor(problem);
    const { loss, gradient } = await referenceOf(problem);
    const ensemble = backend.open(problem);
    const { dim } = ensemble;
    const center = normals(dim, 31, 0.25);
    const [nBeta, gamma] = [Float64Array.of(0, 1, 10, 100, 1e4), Float64Array.of(1, 0, 0.5, 100, 3)];
    ensemble.setPotential({ center, nBeta, gamma });
    const out = { loss: ensemble.scalars(), potential: ensemble.scalars(), gradient: ensemble.vectors() };
    ensemble.potentialAndGradient(vectorsOf(ensemble, positions), out);
    const gradients = await ensemble.readVectors(out.gradient);
    const potentials = await ensemble.readScalars(out.potential);
    expectClose(await ensemble.readScalars(out.loss), loss, backend.tolerance.loss);
    for (let c = 0; c < 5; c++) {
      const [b, g] = [nBeta[c] as number, gamma[c] as number];
      const offset = positions.subarray(c * dim, (c + 1) * dim).map((w, i) => w - (center[i] as number));
      const squared = offset.reduce((sum, value) => sum + value * value, 0);
      const potential = b * (loss[c] as number) + 0.5 * g * squared;
      expectClose(potentials.subarray(c, c + 1), [potential], backend.tolerance.loss);
      const slope = offset.map((value, i) => b * (gradient[c * dim + i] as number) + g * value);
      expectClose(gradients.subarray(c * dim, (c + 1) * dim), slope, backend.tolerance.gradient);
    }
  });
});
