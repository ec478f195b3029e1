import { describe, expect, test } from "vitest";
import {
  gradientsPerStep,
  type IsokineticIntegrator,
  type IsokineticPoint,
  isokineticStep,
  kickDirection,
  refreshDirection,
  refreshScale,
} from "../../../src/samplers/isokinetic.ts";

// Golden numbers were computed in double precision by an independent script from the same formulas; the summed energy
// error of ten steps with 40 decimal digits.

const potentialOf = (position: Float64Array) => ({
  potential: 0.5 * position.reduce((sum, x) => sum + x * x, 0),
  gradient: position.slice(),
});

const start = (): IsokineticPoint => {
  const position = Float64Array.of(1, -0.5, 0.25);
  return { position, direction: Float64Array.of(0.6, 0.8, 0), ...potentialOf(position) };
};

const step = (point: IsokineticPoint, integrator: IsokineticIntegrator, stepSize = 0.8) =>
  isokineticStep(point, { potentialOf, scale: new Float64Array(3).fill(1), integrator, stepSize });

const expectClose = (got: Float64Array, wanted: readonly number[], tolerance = 1e-14) => {
  wanted.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(tolerance));
};

describe("kickDirection", () => {
  test("turns the direction towards −∇U by the closed form", () => {
    const direction = Float64Array.of(1, 0, 0);
    const change = kickDirection(direction, Float64Array.of(0, 2, 0), 0.5);
    expectClose(direction, [0.8868188839700739, -0.46211715726000974, 0]);
    expect(change).toBeCloseTo(0.24022901391655516, 15);
  });

  test("changes nothing where the gradient vanishes", () => {
    const direction = Float64Array.of(0.6, 0.8, 0);
    expect(kickDirection(direction, new Float64Array(3), 0.5)).toBe(0);
    expectClose(direction, [0.6, 0.8, 0]);
  });

  test("stays finite for a huge gradient against the direction", () => {
    const direction = Float64Array.of(-1, 1e-9, 0);
    const change = kickDirection(direction, Float64Array.of(-1e3, 0, 0), 0.5);
    expect(Number.isFinite(change)).toBe(true);
    expect(Math.hypot(...direction)).toBeCloseTo(1, 12);
  });
});

describe("isokineticStep", () => {
  test("McLachlan reproduces the golden step on a standard normal", () => {
    const { point, kineticChange, energyError } = step(start(), "mclachlan");
    expectClose(point.position, [1.3182683390469643, 0.22341187014008257, 0.20921989753489137]);
    expectClose(point.direction, [0.17283050052406881, 0.9796388417978027, -0.10216338742259691]);
    expect(kineticChange).toBeCloseTo(-0.2601648545790036, 13);
    expect(energyError).toBeCloseTo(-0.0006562330901828117, 13);
  });

  test("leapfrog reproduces the golden step on a standard normal", () => {
    const { point, kineticChange, energyError } = step(start(), "leapfrog");
    expectClose(point.position, [1.3263749846592918, 0.2292946513575832, 0.209891635662019]);
    expectClose(point.direction, [0.1792969487226615, 0.9786124584980941, -0.10084770820925618]);
    expect(kineticChange).toBeCloseTo(-0.2666688312168116, 13);
    expect(energyError).toBeCloseTo(0.005031736679193322, 13);
  });

  test("ten McLachlan steps reproduce the golden end point and summed energy error", () => {
    let point = start();
    let total = 0;
    for (let i = 0; i < 10; i++) {
      const outcome = step(point, "mclachlan");
      point = outcome.point;
      total += outcome.energyError;
    }
    expectClose(point.position, [0.6263594462963923, -1.4529033110699554, 0.3120067144725198], 1e-13);
    expectClose(point.direction, [0.973800109417148, 0.16707349824001602, 0.15427181558857017], 1e-13);
    expect(total).toBeCloseTo(-0.002071989994628642, 13);
  });

  test.each(["mclachlan", "leapfrog"] as const)(
    "%s returns to its start when the direction is reversed",
    (integrator) => {
      const { point } = step(start(), integrator);
      const back = step({ ...point, direction: point.direction.map((x) => -x) }, integrator);
      expectClose(back.point.position, [1, -0.5, 0.25], 1e-15);
      expectClose(back.point.direction, [-0.6, -0.8, 0], 1e-15);
    },
  );

  test("the energy error of one step is of third order in its size", () => {
    const golden = { mclachlan: [6.56e-4, 6.23e-5, 6.63e-6], leapfrog: [5.03e-3, 4.79e-4, 5.1e-5] };
    for (const integrator of ["mclachlan", "leapfrog"] as const) {
      [0.8, 0.4, 0.2].forEach((stepSize, i) => {
        const size = Math.abs(step(start(), integrator, stepSize).energyError);
        expect(size / golden[integrator][i]!).toBeCloseTo(1, 2);
      });
    }
  });

  test("preconditioning is a change of coordinates", () => {
    const scale = Float64Array.of(2, 0.5, 1);
    const plain = step(start(), "mclachlan");
    // U'(y) = U(y/scale) has ∇U' = ∇U/scale, so √V∘∇U' is the plain gradient and y = scale∘w.
    const position = start().position.map((x, i) => x * scale[i]!);
    const scaledPotential = (y: Float64Array) => {
      const { potential, gradient } = potentialOf(y.map((value, i) => value / scale[i]!));
      return { potential, gradient: gradient.map((g, i) => g / scale[i]!) };
    };
    const point = { position, direction: start().direction, ...scaledPotential(position) };
    const scaled = isokineticStep(point, {
      potentialOf: scaledPotential,
      scale,
      integrator: "mclachlan",
      stepSize: 0.8,
    });
    expectClose(
      scaled.point.position.map((x, i) => x / scale[i]!),
      [...plain.point.position],
      1e-14,
    );
    expect(scaled.energyError).toBeCloseTo(plain.energyError, 14);
  });

  test("a step over a non-finite potential has a non-finite energy error", () => {
    const broken = () => ({ potential: Number.NaN, gradient: new Float64Array(3).fill(Number.NaN) });
    const outcome = isokineticStep(start(), {
      potentialOf: broken,
      scale: new Float64Array(3).fill(1),
      integrator: "leapfrog",
      stepSize: 0.8,
    });
    expect(outcome.energyError).toBeNaN();
  });
});

describe("refreshDirection", () => {
  test("has the golden scale for a full and for half a step", () => {
    expect(refreshScale(100, 0.5, 10)).toBeCloseTo(0.03243006599987853, 16);
    expect(refreshScale(100, 0.25, 10)).toBeCloseTo(0.022643121775944262, 16);
  });

  test("is none for an infinite decoherence length", () => {
    expect(refreshScale(10, 0.5, Number.POSITIVE_INFINITY)).toBe(0);
  });

  test("gives a unit vector that is the old one plus ν times the noise, scaled", () => {
    const direction = Float64Array.of(0.6, 0.8, 0);
    refreshDirection(direction, Float64Array.of(0, 0, 2), 0.5);
    expectClose(direction, [0.6 / Math.SQRT2, 0.8 / Math.SQRT2, 1 / Math.SQRT2]);
  });
});

test("McLachlan costs two gradients a step and leapfrog one", () => {
  expect(gradientsPerStep("mclachlan")).toBe(2);
  expect(gradientsPerStep("leapfrog")).toBe(1);
});
