/** Settings of `laplace`, their checks, and the stages of its estimate of the Hessian. */
import { SweepError } from "../../core/errors.ts";
import { requireInteger, requirePositive, requireSetting } from "../chains/require-setting.ts";
import type { Stage } from "../chains/stages.ts";

const hessianKinds = ["auto", "dense", "low_rank", "diagonal"] as const;

export interface LaplaceSettings {
  /** Recorded independent draws a chain. */
  readonly draws: number;
  /** `auto`: `dense` up to `maxDenseDim` parameters, `low_rank` above. */
  readonly hessian: (typeof hessianKinds)[number];
  /** Most parameters of a dense Hessian. */
  readonly maxDenseDim: number;
  /** Leading directions of `low_rank`. */
  readonly rank: number;
  /** Random probes of what `low_rank` leaves over, or of the diagonal. */
  readonly probes: number;
  /** Distance from w* of the differences; null: by precision. */
  readonly differenceStep: number | null;
}

/** How the Hessian is estimated, `auto` resolved. */
export type HessianKind = Exclude<LaplaceSettings["hessian"], "auto">;

/** `columns` of `dense`; `find`, `refine` and `core` of `low_rank`; `probes` of it and of `diagonal`. */
export type LaplaceStage = "columns" | "find" | "refine" | "core" | "probes";

/** Numbers that the leading directions may take: 1 GiB. */
const maxDirectionNumbers = 2 ** 27;

/** The kind that is used for `dim` parameters. */
export const hessianKindOf = ({ hessian, maxDenseDim }: LaplaceSettings, dim: number): HessianKind => {
  if (hessian !== "auto") return hessian;
  return dim <= maxDenseDim ? "dense" : "low_rank";
};

/** Warmup in order; each unit is two full gradients of each chain. */
export const laplaceStages = (
  settings: LaplaceSettings,
  { dim, numChains }: { dim: number; numChains: number },
): readonly Stage<LaplaceStage>[] => {
  const unitsOf = (products: number): number => Math.ceil(products / numChains);
  const kind = hessianKindOf(settings, dim);
  if (kind === "dense") return [{ name: "columns", count: unitsOf(dim) }];
  const probes = { name: "probes", count: unitsOf(settings.probes) } as const;
  if (kind === "diagonal") return [probes];
  const rank = Math.min(settings.rank, dim);
  const names = ["find", "refine", "core"] as const;
  return [
    ...names.map((name) => ({ name, count: unitsOf(rank) })),
    { ...probes, count: rank < dim ? probes.count : 0 },
  ];
};

/** @throws CONFIG_INVALID on settings out of range, and for more parameters than the Hessian asked for can have. */
export const checkLaplaceSettings = (settings: LaplaceSettings, dim: number): void => {
  const { hessian, maxDenseDim, rank, differenceStep } = settings;
  requireInteger("laplace.draws", settings.draws, 1);
  requireSetting(hessianKinds.includes(hessian), {
    name: "laplace.hessian",
    value: hessian,
    expected: `one of ${hessianKinds.join(", ")}`,
  });
  requireInteger("laplace.max_dense_dim", maxDenseDim, 1);
  requireInteger("laplace.rank", rank, 1);
  requireInteger("laplace.probes", settings.probes, 1);
  if (differenceStep !== null) requirePositive("laplace.difference_step", differenceStep);
  const kind = hessianKindOf(settings, dim);
  if (kind === "dense" && dim > maxDenseDim) {
    throw new SweepError(
      "CONFIG_INVALID",
      `laplace.hessian: got dense for ${dim} parameters; expected at most laplace.max_dense_dim = ${maxDenseDim}. Set hessian to low_rank or diagonal, or raise max_dense_dim: time grows with its third power.`,
    );
  }
  if (kind !== "low_rank" || dim * Math.min(rank, dim) <= maxDirectionNumbers) return;
  throw new SweepError(
    "CONFIG_INVALID",
    `laplace.rank: got ${rank} for ${dim} parameters; expected at most ${Math.floor(maxDirectionNumbers / dim)} directions, 1 GiB. Lower rank, or set hessian to diagonal.`,
  );
};
