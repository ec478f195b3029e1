/** A target as a sampler needs it, read back from `runs/targets/<id>/`. */
import type { Dataset, LossModel } from "../compute/model.ts";
import type { Json } from "../core/canonical-json.ts";
import { camelKeys } from "../core/case.ts";
import { SweepError } from "../core/errors.ts";
import { targetFiles } from "../runs/layout.ts";
import { type Facts, readManifest, withdrawManifest } from "../runs/manifest.ts";
import type { NpyArray } from "../runs/npy.ts";
import { readNpz } from "../runs/npz.ts";
import { lossModelOf, type SolvableModel } from "../targets/loss-model.ts";
import type { TargetConfig } from "../targets/target-config.ts";

export interface StoredTarget {
  readonly model: LossModel;
  readonly dataset: Dataset;
  /** w*, shape (d). */
  readonly center: Float64Array;
  readonly n: number;
  readonly d: number;
  readonly solvable: SolvableModel | null;
  /** Everything in `meta.json` beyond the members of every manifest. */
  readonly facts: Facts;
}

/**
 * Files that are damaged lose their manifest, so that the next sweep builds the target again, to the same bytes.
 *
 * @throws SweepError `NOT_FOUND` if the target was not built or its files are damaged.
 */
export const loadTarget = (runsRoot: string, targetId: string): StoredTarget => {
  const files = targetFiles(runsRoot, targetId);
  const bySizes = readManifest(files.meta, targetId);
  const reading = readManifest(files.meta, targetId, "hashes");
  if (reading.kind !== "valid") {
    const reason = reading.kind === "invalid" ? `: ${reading.reason}` : "";
    // By sizes alone, which plans look at, it is done and would never be built again.
    if (bySizes.kind === "valid") withdrawManifest(files.meta, bySizes.manifest.token);
    throw new SweepError(
      "NOT_FOUND",
      `target ${targetId} is not there${reason}. Run the same command again: it builds the target anew.`,
    );
  }
  const { facts } = reading.manifest;
  const config = camelKeys(facts["config"] as Json) as unknown as TargetConfig;
  const data = readNpz(files.data);
  const n = facts["n"] as number;
  const center = float64Of(readNpz(files.params)["w"], `${files.params}: w`);
  return {
    model: lossModelOf(config),
    dataset: {
      numData: n,
      inputs: data["X"] === undefined ? new Float64Array(0) : float64Of(data["X"], `${files.data}: X`),
      labels: data["Y"] === undefined ? new Float64Array(0) : float64Of(data["Y"], `${files.data}: Y`),
    },
    center,
    n,
    d: center.length,
    solvable: (facts["solvable"] ?? null) as unknown as SolvableModel | null,
    facts,
  };
};

const float64Of = (array: NpyArray | undefined, where: string): Float64Array => {
  if (array?.data instanceof Float64Array) return array.data;
  throw new SweepError(
    "TRACE_INVALID",
    `${where} is missing or not float64. Build the target again with --no-skip.`,
  );
};
