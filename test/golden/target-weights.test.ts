/**
 * Weights of trained targets, bit for bit, on the backend that builds use.
 *
 * A new hash means that every target changes: raise `targetNumericsVersion` and say so in the changelog.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createWasmBackend } from "../../src/compute/wasm/wasm-backend.ts";
import { buildTarget } from "../../src/targets/build-target.ts";
import type { TargetConfig } from "../../src/targets/target-config.ts";
import { anMlp, aTarget, aTraining } from "../support/target-configs.ts";

const digestOf = async (config: TargetConfig, numThreads: number): Promise<string> => {
  const backend = await createWasmBackend({ numThreads });
  try {
    const { parameters } = await buildTarget(config, backend);
    return createHash("sha256").update(new Uint8Array(parameters.buffer)).digest("hex").slice(0, 16);
  } finally {
    backend.close();
  }
};

const configs: readonly [string, TargetConfig, string][] = [
  ["a tanh network with squared error", aTarget(), "90d747f572b46ed9"],
  [
    "a relu network of two layers",
    aTarget({ model: anMlp({ inDim: 4, depth: 2, widths: [4, 4], activation: "relu" }) }),
    "0bf065ad05b1e570",
  ],
  [
    "a gelu network with layernorm, skips, minibatches and cross-entropy",
    aTarget({
      model: anMlp({
        outDim: 3,
        activation: "gelu",
        layernorm: true,
        depth: 3,
        widths: [6, 6, 6],
        skipConnections: true,
      }),
      training: aTraining({ batchSize: 16 }),
      loss: { kind: "cross_entropy" },
    }),
    "ee6d89ed28125fc0",
  ],
];

describe("weights of a target", () => {
  it.each(configs)("are the known bits for %s, with one thread and with two", async (_, config, expected) => {
    expect(await digestOf(config, 1)).toBe(expected);
    expect(await digestOf(config, 2)).toBe(expected);
  });
});
