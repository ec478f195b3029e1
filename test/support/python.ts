/** Finds the Python whose ArviZ, pandas and DuckDB serve as oracles; tests that need it skip with a reason where it is absent. */
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
