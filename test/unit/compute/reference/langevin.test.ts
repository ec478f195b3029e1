/** The Langevin step of one chain against numbers worked out from the equations. */
import { describe, expect, it } from "vitest";
import type { LangevinSettings } from "../../../../src/compute/backend.ts";
import { type LangevinInputs, langevinStep } from "../../../../src/compute/reference/langevin.ts";

const settings: LangevinSettings = {
  preconditioner: "adam",
  stepSizes: Float64Array.of(1e-3, 1e-3, 1e-3),
  batchSize: 0,
  beta1: 0.9,
  beta2: 0.999,
  floor: 1e-8,
  biasCorrection: true,
  isFrozen: false,
  stepsDone: 0,
  numSteps: 3,
};
const inputs: LangevinInputs = {
  gradient: Float64Array.of(0),
  noise: Float64Array.of(0),
  center: Float64Array.of(0),
  nBeta: 1,
  gamma: 0,
  offset: 0,
};

describe("langevinStep", () => {
  it("follows the golden run of the Adam preconditioner for g = 2, −1, 0.5 from v = 1, m = 0", () => {
    // (v, ε_t = ε·P, m̂) computed in double precision from the formulas, independently of this code.
    const golden = [
      { g: 2, v: 1.003, step: 3.1575448887563556e-5, drift: 2 },
      { g: -1, v: 1.002997, step: 4.464332981091357e-5, drift: 0.4210526315789474 },
      { g: 0.5, v: 1.0022440030000002, step: 5.468355123116757e-5, drift: 0.45018450184501857 },
    ];
    const chain = {
      position: Float64Array.of(0),
      secondMoment: Float64Array.of(1),
      firstMoment: Float64Array.of(0),
    };
    golden.forEach(({ g, v, step, drift }, offset) => {
      chain.position[0] = 0;
      langevinStep(chain, { ...inputs, gradient: Float64Array.of(g), offset }, settings);
      expect(chain.secondMoment[0]).toBeCloseTo(v, 15);
      expect((chain.position[0] as number) / (-0.5 * step * drift)).toBeCloseTo(1, 12);
    });
  });

  it("without a preconditioner moves by −(ε/2)·(nβ·g + γ·(w − w*)) + √ε·z", () => {
    const chain = {
      position: Float64Array.of(2),
      secondMoment: Float64Array.of(1),
      firstMoment: Float64Array.of(0),
    };
    const given = {
      gradient: Float64Array.of(3),
      noise: Float64Array.of(-1.5),
      center: Float64Array.of(1),
      nBeta: 10,
      gamma: 4,
      offset: 1,
    };
    langevinStep(chain, given, {
      ...settings,
      preconditioner: "none",
      stepSizes: Float64Array.of(9, 0.25, 9),
    });
    expect(chain.position[0]).toBe(2 - 0.125 * (30 + 4) + 0.5 * -1.5);
    expect([chain.secondMoment[0], chain.firstMoment[0]]).toEqual([1, 0]);
  });
});
