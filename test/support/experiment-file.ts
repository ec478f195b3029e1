/** Experiment files for tests: text → a temporary file → what loading it gives. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Experiment } from "../../src/config/experiment.ts";
import { type LoadOptions, loadExperiment } from "../../src/config/load-experiment.ts";
import { SweepError } from "../../src/core/errors.ts";

/** Files of a folder: relative path → content. `experiment.yaml` is the one that is loaded. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Writes the files, runs `use` on the folder, removes it. */
export const withFolder = <T>(files: Files, use: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-config-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Loads `experiment.yaml` among the files (or a text of that name alone). */
export const load = (files: Files | string, options: LoadOptions = {}): Experiment =>
  withFolder(typeof files === "string" ? { "experiment.yaml": files } : files, (folder) =>
    loadExperiment(join(folder, "experiment.yaml"), options),
  );

/** Lines of the mistakes that loading finds, with the temporary folder taken out; empty if there are none. */
export const mistakesOf = (files: Files | string, options: LoadOptions = {}): string[] =>
  withFolder(typeof files === "string" ? { "experiment.yaml": files } : files, (folder) => {
    try {
      loadExperiment(join(folder, "experiment.yaml"), options);
      return [];
    } catch (error) {
      if (!(error instanceof SweepError)) throw error;
      const lines = error.details["mistakes"] as readonly string[] | undefined;
      return (lines ?? [error.message]).map((line) => line.replaceAll(`${folder}/`, ""));
    }
  });

/** A valid file with the given targets and samplers in flow style. */
export const experimentText = (targets: string, samplers = "- { name: hmc }", top = ""): string =>
  `${top}targets:\n  ${targets}\nsamplers:\n  ${samplers}\n`;
