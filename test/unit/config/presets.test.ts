import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  defaultPresetFolders,
  listPresets,
  type PresetKind,
  packagedPresets,
} from "../../../src/config/presets.ts";
import { experimentText, load, mistakesOf, withFolder } from "../../support/experiment-file.ts";

const packaged = listPresets([packagedPresets]);
const namesOf = (kind: PresetKind): string[] =>
  packaged.filter((preset) => preset.kind === kind).map(({ name }) => name);

describe("packaged presets", () => {
  it("have every name of the users' guide to sweeps", () => {
    expect(namesOf("model")).toEqual(expect.arrayContaining(["tiny", "small", "base", "wide", "large"]));
    expect(namesOf("data")).toEqual(
      expect.arrayContaining([
        "tiny",
        "small",
        "base",
        "large",
        "gauss_iso",
        "gauss_aniso",
        "mixture",
        "heavy_tail",
      ]),
    );
    expect(namesOf("data")).toEqual(expect.arrayContaining(["lowdim_manifold", "uniform"]));
    expect(namesOf("teacher")).toEqual(expect.arrayContaining(["_null", "small", "base"]));
    expect(namesOf("sampler")).toEqual(expect.arrayContaining(["hmc", "mclmc", "sgld", "vi"]));
  });

  it("each begin with a line that says what they are", () => {
    expect(packaged.filter(({ description }) => description === "")).toEqual([]);
  });

  it.each(packaged.map(({ kind, name }) => [kind, name] as const))(
    "%s/%s stands up to the schema",
    (kind, name) => {
      const samplers =
        kind === "sampler" ? `- { name: ${name.split("_")[0]}, preset: ${name} }` : "- { name: hmc }";
      const chosen = { model: "small", data: "small", teacher: "_null", [kind]: name };
      const extra = kind === "training" || kind === "posterior" ? `, ${kind}: ${name}` : "";
      const entry = `- { model: ${chosen.model}, data: ${chosen.data}, teacher: ${chosen.teacher}, seed: 1${extra} }`;
      expect(mistakesOf(experimentText(entry, samplers))).toEqual([]);
    },
  );

  it.each([
    ["tiny", 10, 50],
    ["small", 50, 100],
    ["base", 500, 1000],
    ["large", 5000, 10_000],
  ])("%s has the sizes of the scaling study: d about %d, n = %d", (name, dim, numData) => {
    const [target] = load(experimentText(`- { model: ${name}, data: ${name}, seed: 42 }`)).targets;
    const { model, data } = target?.config ?? {};
    expect(data?.n_data).toBe(numData);
    expect(model?.kind === "mlp" && model.target_params).toBe(dim);
  });
});

describe("listPresets", () => {
  it("marks a preset that a folder before it hides", () => {
    withFolder({ "presets/model/base.yaml": "# Mine.\nin_dim: 1\n" }, (folder) => {
      const found = listPresets([join(folder, "presets"), packagedPresets]).filter(
        ({ name }) => name === "base",
      );
      const models = found.filter(({ kind }) => kind === "model");
      expect(models.map(({ description, isHidden }) => [description.slice(0, 5), isHidden])).toEqual([
        ["Mine.", false],
        ["Three", true],
      ]);
    });
  });
});

describe("defaultPresetFolders", () => {
  it("begins with the folder beside the file and ends with the packaged one, each once", () => {
    withFolder({ "presets/x": "" }, (folder) => {
      mkdirSync(join(folder, "presets", "model"));
      const folders = defaultPresetFolders(join(folder, "experiment.yaml"));
      expect(folders[0]?.endsWith("/presets")).toBe(true);
      expect(folders.at(-1)).toBe(packagedPresets);
      expect(new Set(folders).size).toBe(folders.length);
    });
    expect(defaultPresetFolders(join(packagedPresets, "..", "experiments.yaml"))).toEqual([packagedPresets]);
  });
});
