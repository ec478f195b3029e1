/** The plain forward pass against the reference backend, whose oracle is elsewhere. */
import { describe, expect, it } from "vitest";
import { type NetworkSpec, numParametersOf } from "../../../../src/compute/model.ts";
import { createReferenceBackend } from "../../../../src/compute/reference/reference-backend.ts";
import { fillNormal } from "../../../../src/random/normal.ts";
import { forward } from "../../../../src/targets/network/forward.ts";
import { openObjective } from "../../../../src/targets/training/objective.ts";

const normals = (count: number, seed: number): Float64Array => {
  const out = new Float64Array(count);
  fillNormal({ seed, purpose: 1 }, out);
  return out;
};

const networks: readonly NetworkSpec[] = (["relu", "tanh", "gelu", "sigmoid", "identity"] as const).flatMap(
  (activation, i) => [
    {
      inDim: 3,
      widths: [4, 4, 4, 4],
      outDim: 2,
      activation,
      bias: i % 2 === 0,
      layernorm: true,
      skipConnections: true,
      residualPeriod: 2,
    },
    {
      inDim: 1,
      widths: i === 0 ? [] : [5, 1],
      outDim: 1,
      activation,
      bias: true,
      layernorm: false,
      skipConnections: false,
      residualPeriod: 2,
    },
  ],
);

describe("forward", () => {
  it.each(networks)(
    "gives outputs whose squared error the reference backend finds 0: %j",
    async (network) => {
      const numData = 7;
      const inputs = normals(numData * network.inDim, 1);
      const parameters = normals(numParametersOf(network), 2);
      const labels = forward(network, parameters, inputs);
      const objective = openObjective(createReferenceBackend(), {
        model: { kind: "network", network, loss: { kind: "mse" } },
        dataset: { numData, inputs, labels },
        seed: 0,
      });
      expect((await objective.full(parameters)).loss).toBeLessThan(1e-26);
      objective.close();
      expect(labels.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    },
  );
});
