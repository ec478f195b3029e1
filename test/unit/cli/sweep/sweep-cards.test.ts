/** Laws of the cards of a command line. */
import { describe, expect, it } from "vitest";
import { loadSweepCards } from "../../../../src/cli/sweep/sweep-cards.ts";

const load = (cards: readonly string[], sets: readonly string[] = []) =>
  loadSweepCards({ cards, sets, slots: null }).cards;

describe("loadSweepCards", () => {
  it("takes the local card where none is named", () => {
    expect(load([])).toMatchObject([{ type: "local" }]);
  });

  it("gives each class its card, and each card its class", () => {
    expect(load(["build=slurm/cpu", "sample=slurm/gpu-a100"])).toMatchObject([
      { label: "cpu", worker: { serves: ["build-target"] } },
      { label: "gpu-a100", worker: { serves: ["run-sampler"] } },
    ]);
    expect(load(["build=local", "sample=slurm/gpu-a100"])).toMatchObject([
      { type: "local", executors: [{ serves: ["build-target"] }] },
      { type: "slurm" },
    ]);
  });

  it("sets a key of all cards, or of the card of one class", () => {
    const cards = load(["build=slurm/cpu", "sample=slurm/gpu-a100"], ["walltime=60", "sample.walltime=120"]);
    expect(cards).toMatchObject([{ walltimeSec: 3600 }, { walltimeSec: 7200 }]);
  });

  it("refuses cards that leave a class out, serve one twice, or share a label", () => {
    for (const cards of [
      ["build=slurm/cpu"],
      ["slurm/cpu", "sample=slurm/gpu-a100"],
      ["slurm/cpu", "slurm/cpu"],
    ])
      expect(() => load(cards)).toThrow(/expected one --card FILE for everything, or both/);
    expect(() => load(["build=slurm/cpu", "sample=slurm/cpu"])).toThrow(/both cards have the label "cpu"/);
  });
});
