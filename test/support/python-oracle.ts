/** Asks the oracle's Python a question: JSON on standard input, JSON as its last line of output. */
import { spawnSync } from "node:child_process";
import { findPython, pythonSkipReason } from "./python.ts";

/** Null if the oracle can import all of `modules`, else the reason why a test that needs them is skipped. */
export const whyNoOracle = (modules: readonly string[]): string | null => {
  const python = findPython();
  if (python === null) return pythonSkipReason;
  const isThere =
    spawnSync(python, ["-W", "ignore", "-c", `import ${modules.join(", ")}`], { stdio: "ignore" }).status ===
    0;
  return isThere ? null : `the oracle's Python cannot import ${modules.join(", ")}`;
};

/**
 * Runs `script` with `question` parsed into the variable `q`.
 * @returns the parsed last line that it prints (NaN is no JSON: print null).
 */
export const askPython = (script: string, question: unknown): unknown => {
  const python = findPython();
  if (python === null) throw new Error(pythonSkipReason);
  const done = spawnSync(
    python,
    ["-W", "ignore", "-c", `import json, sys\nq = json.load(sys.stdin)\n${script}`],
    {
      input: JSON.stringify(question),
      encoding: "utf8",
      env: { ...process.env, MPLBACKEND: "Agg" },
      maxBuffer: 1 << 28,
    },
  );
  if (done.status !== 0) throw new Error(`Python failed:\n${done.stderr}`);
  return JSON.parse(done.stdout.trimEnd().split("\n").at(-1) ?? "null");
};
