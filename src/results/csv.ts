/** The results table as CSV (RFC 4180, line feeds): null is empty, numbers at full precision, flags `true` and `false`. */
import type { CellValue, ResultRow } from "./columns.ts";

/** Header and one line a row, each ending in a newline. */
export const formatCsv = (columns: readonly string[], rows: readonly ResultRow[]): string =>
  [columns, ...rows.map((row) => columns.map((name) => row[name] ?? null))]
    .map((cells) => `${cells.map(formatCell).join(",")}\n`)
    .join("");

const formatCell = (value: CellValue): string => {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
