/** Closed-form losses of every backend: values and slopes by hand, also where coordinates are zero. */
import { expect, it } from "vitest";
import type { LossModel } from "../../../src/compute/model.ts";
import { describeBackends } from "../../support/backend-cases.ts";
import { expectClose } from "../../support/close.ts";
import { aClosedProblem, normals, vectorsOf } from "../../support/problems.ts";

interface Example {
  readonly title: string;
  readonly model: LossModel;
  readonly w: readonly number[];
  readonly loss: number;
  readonly gradient: readonly number[];
}

const examples: readonly Example[] = [
  {
    title: "quadratic",
    model: { kind: "quadratic", curvature: [2, 0, 0.5] },
    w: [3, 9, -2],
    loss: 10,
    gradient: [6, 0, -1],
  },
  {
    title: "w1²w2²",
    model: { kind: "monomial", coefficient: 2, exponents: [1, 1] },
    w: [3, -0.5],
    loss: 4.5,
    gradient: [3, -18],
  },
  {
    title: "w1²w2² at w1 = 0",
    model: { kind: "monomial", coefficient: 2, exponents: [1, 1] },
    w: [0, 5],
    loss: 0,
    gradient: [0, 0],
  },
  {
    title: "|w1|·w2⁴ at w2 = 0",
    model: { kind: "monomial", coefficient: 1, exponents: [0.5, 2] },
    w: [-3, 0],
    loss: 0,
    gradient: [0, 0],
  },
  {
    title: "|w1|·w2⁴",
    model: { kind: "monomial", coefficient: 1, exponents: [0.5, 2] },
    w: [-3, 2],
    loss: 48,
    gradient: [-16, 96],
  },
  {
    title: "|w1|·w2² at w1 = 0",
    model: { kind: "monomial", coefficient: 1, exponents: [0.5, 1] },
    w: [0, 2],
    loss: 0,
    gradient: [0, 0],
  },
  {
    title: "exponent 0",
    model: { kind: "monomial", coefficient: 1, exponents: [0, 1] },
    w: [0, 3],
    loss: 9,
    gradient: [0, 6],
  },
  {
    title: "one coordinate",
    model: { kind: "monomial", coefficient: 3, exponents: [2] },
    w: [2],
    loss: 48,
    gradient: [96],
  },
  {
    title: "power sum",
    model: { kind: "power_sum", coefficient: 0.5, exponents: [1, 2, 1.5, 0] },
    w: [3, -2, -2, 7],
    loss: 0.5 * (9 + 16 + 8 + 1),
    gradient: [3, -16, -6, 0],
  },
  {
    title: "power sum at zero",
    model: { kind: "power_sum", coefficient: 2, exponents: [1, 2, 0.5] },
    w: [0, 0, 0],
    loss: 0,
    gradient: [0, 0, 0],
  },
];

describeBackends("closed forms", (backend) => {
  it.each(examples)("loss and gradient by hand: $title", async ({ model, w, loss, gradient }) => {
    const ensemble = backend.open(aClosedProblem(model, 3));
    const position = vectorsOf(ensemble, Float64Array.from([...w, ...w, ...w]));
    const out = { loss: ensemble.scalars(), gradient: ensemble.vectors() };
    ensemble.lossAndGradient(position, out.loss, out.gradient);
    expectClose(await ensemble.readScalars(out.loss), [loss, loss, loss], backend.tolerance.loss);
    const slopes = [...gradient, ...gradient, ...gradient];
    expectClose(await ensemble.readVectors(out.gradient), slopes, backend.tolerance.gradient);
    const alone = ensemble.scalars();
    ensemble.loss(position, alone);
    expect(await ensemble.readScalars(alone)).toEqual(await ensemble.readScalars(out.loss));
  });

  it("a minibatch is the full loss", async () => {
    const ensemble = backend.open(
      aClosedProblem({ kind: "power_sum", coefficient: 1, exponents: [1, 2] }, 1),
    );
    const position = vectorsOf(ensemble, Float64Array.of(2, 3));
    const out = { loss: ensemble.scalars(), gradient: ensemble.vectors() };
    ensemble.minibatchLossAndGradient(position, { batchSize: 2, step: 3 }, out);
    expectClose(await ensemble.readScalars(out.loss), [85], backend.tolerance.loss);
    expectClose(await ensemble.readVectors(out.gradient), [4, 108], backend.tolerance.gradient);
  });

  it.each([1, 3, 62, 65, 777])("a quadratic of %i dimensions is ½·Σ h·w²", async (dim) => {
    const [curvature, w] = [normals(dim, 1).map(Math.abs), normals(2 * dim, 2)];
    const ensemble = backend.open(aClosedProblem({ kind: "quadratic", curvature: [...curvature] }, 2));
    const out = { loss: ensemble.scalars(), gradient: ensemble.vectors() };
    ensemble.lossAndGradient(vectorsOf(ensemble, w), out.loss, out.gradient);
    const slope = w.map((value, i) => value * (curvature[i % dim] as number));
    const energy = (c: number): number =>
      0.5 *
      w.reduce((sum, value, i) => (Math.floor(i / dim) === c ? sum + value * (slope[i] as number) : sum), 0);
    expectClose(await ensemble.readVectors(out.gradient), slope, backend.tolerance.gradient);
    expectClose(await ensemble.readScalars(out.loss), [energy(0), energy(1)], backend.tolerance.loss);
  });
});
