/** Networks from configurations. */
import { describe, expect, it } from "vitest";
import { studentNetworkOf } from "../../../../src/targets/network/student.ts";
import { aDeepLinear, anMlp } from "../../../support/target-configs.ts";

describe("studentNetworkOf", () => {
  it("reads `none` as identity and resolves widths", () => {
    const network = studentNetworkOf(anMlp({ activation: "none", widths: null, depth: 2, hidden: 6 }));
    expect(network).toMatchObject({ activation: "identity", widths: [6, 6] });
  });

  it("makes a deep linear network a bias-free identity network", () => {
    expect(studentNetworkOf(aDeepLinear({ widths: [5, 4, 3, 2] }))).toEqual({
      inDim: 5,
      widths: [4, 3],
      outDim: 2,
      activation: "identity",
      bias: false,
      layernorm: false,
      skipConnections: false,
      residualPeriod: 1,
    });
  });
});
