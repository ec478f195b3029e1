/** Finds the name that a user probably meant. */

/**
 * Least number of inserted, deleted, replaced or swapped neighbouring characters that turns `a` into `b`.
 *
 * Source: Levenshtein distance by Wagner & Fischer (1974), with swaps as Damerau (1964) counts them.
 */
export const editDistance = (a: string, b: string): number => {
  let above: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + Number(a[i - 1] !== b[j - 1]);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (above[j - 2] as number) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    above = row;
    row = next;
  }
  return row[b.length] as number;
};

/**
 * The known name nearest to `name`, if it is near enough to be meant: at most a third of its letters differ,
 * after case, dashes and underscores are taken away, or one begins with the other.
 */
export const nearestName = (name: string, known: readonly string[]): string | undefined => {
  const plain = bareWord(name);
  if (plain.length > 80) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(plain.length / 3)) + 0.5;
  for (const candidate of known) {
    const bare = bareWord(candidate);
    const isPrefix = plain.length >= 3 && (bare.startsWith(plain) || plain.startsWith(bare));
    const distance = Math.min(editDistance(plain, bare), isPrefix ? 1.25 : Number.POSITIVE_INFINITY);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
};

const bareWord = (name: string): string => name.toLowerCase().replace(/[-_\s]/g, "");

/** ` Did you mean "depth"?`, or nothing. */
export const suggestName = (name: string, known: readonly string[]): string => {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
};
