/** Sizes of memory as cards write them. */

const mebibytesOf = { K: 1 / 1024, M: 1, G: 1024, T: 1024 ** 2 } as const;

/** Number of GiB (as in Parsl), or `4G`, `500M`, `1.5 GiB`, `2T` → MiB; null if it is none of these or not above zero. */
export const parseMemoryMiB = (value: unknown): number | null => {
  if (typeof value === "number") return value > 0 && Number.isFinite(value) ? value * 1024 : null;
  const match = typeof value === "string" ? /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$/i.exec(value) : null;
  if (match === null) return null;
  const unit = ((match[2] as string) || "G").toUpperCase() as keyof typeof mebibytesOf;
  const mebibytes = Number(match[1]) * mebibytesOf[unit];
  return mebibytes > 0 && Number.isFinite(mebibytes) ? mebibytes : null;
};

/** MiB → the shortest text that SLURM and `parseMemoryMiB` read as the same: `128G`, `500M`; parts of a MiB are rounded up. */
export const formatMemory = (mebibytes: number): string => {
  const whole = Math.ceil(mebibytes);
  return whole % 1024 === 0 ? `${whole / 1024}G` : `${whole}M`;
};
