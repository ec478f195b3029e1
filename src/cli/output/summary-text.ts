/** What a finished task answered, in a few words. */

const numberOf = (value: unknown, key: string): number | null => {
  if (typeof value !== "object" || value === null) return null;
  const member = (value as Record<string, unknown>)[key];
  return typeof member === "number" ? member : null;
};

/** `, λ̂ = 4.21 ± 0.03, converged`; empty if the summary says nothing. */
export const summaryText = (summary: unknown): string => {
  const mean = numberOf(summary, "llc_mean");
  if (mean === null) {
    const loss = numberOf(summary, "initial_loss");
    return loss === null ? "" : `, L(w*) = ${loss.toPrecision(4)}`;
  }
  const mcse = numberOf(summary, "llc_mcse");
  const verdict = (summary as Record<string, unknown>)["verdict"];
  return `, λ̂ = ${mean.toPrecision(4)}${mcse === null ? "" : ` ± ${mcse.toPrecision(2)}`}${typeof verdict === "string" ? `, ${verdict}` : ""}`;
};

/** The estimate alone, for a cell of the matrix: `4.213`; null if there is none. */
export const estimateText = (summary: unknown): string | null =>
  numberOf(summary, "llc_mean")?.toPrecision(4) ?? null;
