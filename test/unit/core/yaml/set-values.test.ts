import { describe, expect, it } from "vitest";
import { experimentText, load, mistakesOf } from "../../../support/experiment-file.ts";

const text = experimentText(
  "- { model: small, data: small, seed: 42 }",
  "- { name: hmc }",
  "posterior: tight\n",
);
const set = (...sets: readonly string[]) => load(text, { sets });

describe("setValues", () => {
  it("writes YAML values at dotted paths, with indices in either form", () => {
    const experiment = set(
      "samplers.0.overrides.draws=50",
      "targets[0].seed=7",
      "experiment=mine",
      "timeout=2h",
    );
    expect(experiment.samplers[0]?.settings["draws"]).toBe(50);
    expect(experiment.targets[0]?.config.seed).toBe(7);
    expect(experiment.name).toBe("mine");
    expect(experiment.resources.build.timeoutSec).toBe(7200);
  });

  it("expands lists and ranges as the file does", () => {
    expect(set("targets.0.seed=1..3", "samplers.0.overrides.draws=[5, 6]")).toMatchObject({
      targets: [{ config: { seed: 1 } }, { config: { seed: 2 } }, { config: { seed: 3 } }],
      samplers: [{ settings: { draws: 5 } }, { settings: { draws: 6 } }],
    });
  });

  it("keeps a preset below a key that is set inside it", () => {
    expect(set("posterior.beta=2").targets[0]?.posterior).toMatchObject({
      gamma: 100,
      beta_mode: "fixed",
      beta0: 2,
    });
  });

  it("applies in order, and takes whole blocks", () => {
    const { targets } = set(
      "targets.0.overrides={ model: { depth: 1 } }",
      "targets.0.overrides.model.bias=false",
    );
    expect(targets[0]?.config.model).toMatchObject({ depth: 1, bias: false });
  });

  it("takes a value with equals signs, and an empty value as null", () => {
    expect(set("store_root=a=b").storeRoot).toBe("a=b");
    expect(set("samplers.0.overrides=").samplers[0]?.settings["draws"]).toBe(500);
  });

  it("says USAGE of a text that is no path=value", () => {
    expect(() => set("draws")).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it("says where a path leads nowhere", () => {
    expect(mistakesOf(text, { sets: ["experiment..x=1"] })).toEqual([
      "--set experiment..x=1  experiment..x: got an empty step in the path; expected names or indices between dots.",
    ]);
    expect(mistakesOf(text, { sets: ["targets.0.seed.x=1"] })).toEqual([
      '--set targets.0.seed.x=1  targets.0.seed.x: got a path through 42 at "targets.0.seed"; expected a path through mappings and lists.',
    ]);
  });
});
