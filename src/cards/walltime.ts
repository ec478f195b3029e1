/**
 * Time limits as SLURM reads them: `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`,
 * `days-hours:minutes`, `days-hours:minutes:seconds`, `UNLIMITED` or `INFINITE`; a number is minutes; zero is no limit.
 */

/** Seconds; `unlimited` where there is no limit; null if SLURM would not read it. */
export const parseWalltime = (value: unknown): number | "unlimited" | null => {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const text = String(value).trim();
  if (/^(unlimited|infinite)$/i.test(text)) return "unlimited";
  const match = /^(?:(\d{1,6})-)?(\d{1,9})(?::(\d{1,6}))?(?::(\d{1,6}))?$/.exec(text);
  if (match === null) return null;
  const [days, ...parts] = match.slice(1).map((part) => (part === undefined ? null : Number(part)));
  const seconds = secondsOf(days ?? null, parts as readonly (number | null)[]);
  return seconds === 0 ? "unlimited" : seconds;
};

/** What a part means depends on how many there are, and on whether there are days. */
const secondsOf = (days: number | null, [first, second, third]: readonly (number | null)[]): number => {
  const a = first ?? 0;
  const b = second ?? 0;
  const c = third ?? 0;
  if (days !== null) return ((days * 24 + a) * 60 + b) * 60 + c;
  return third === null ? a * 60 + b : (a * 60 + b) * 60 + c;
};

/** Seconds → `HH:MM:SS` or `D-HH:MM:SS`; `unlimited` → `UNLIMITED`. */
export const formatWalltime = (limit: number | "unlimited"): string => {
  if (limit === "unlimited") return "UNLIMITED";
  const seconds = Math.ceil(limit);
  const pad = (number: number): string => String(number).padStart(2, "0");
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map(pad)
    .join(":");
  const days = Math.floor(seconds / 86_400);
  return days > 0 ? `${days}-${clock}` : clock;
};
