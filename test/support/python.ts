/** Finds the Python whose ArviZ, pandas and DuckDB serve as oracles; tests that need it skip with a reason where it is absent. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";

/** Path of the oracle's Python, or null: `LAMBDA_HAT_PYTHON`, else `.venv/bin/python` in the repository. */
export const findPython = (): string | null => {
  const candidate = process.env["LAMBDA_HAT_PYTHON"] ?? join(packageRoot, ".venv", "bin", "python");
  return existsSync(candidate) ? candidate : null;
};

/** Why a test that needs Python is skipped. */
export const pythonSkipReason = "no Python oracle: set LAMBDA_HAT_PYTHON or make .venv (see .ci/run)";

/** Runs a script with arguments and returns its standard output. @throws with standard error when it fails. */
export const runPython = (script: string, args: readonly string[] = []): string => {
  const python = findPython();
  if (python === null) throw new Error(pythonSkipReason);
  const result = spawnSync(python, ["-c", script, ...args], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`python exited with ${result.status}: ${result.stderr}`);
  return result.stdout;
};
