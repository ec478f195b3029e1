/** Finds the key that a user probably meant. */

/** ` Did you mean "slots"?` for the known key with the fewest changed letters (at most a third), or nothing. */
export const suggestKey = (key: string, known: readonly string[]): string => {
  const scored = known
    .map((name) => ({ name, distance: editDistance(bare(key), bare(name)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = scored;
  const isNear = best !== undefined && best.distance <= Math.max(1, Math.floor(bare(key).length / 3));
  return isNear ? ` Did you mean "${best.name}"?` : "";
};

const bare = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[-_\s]/g, "")
    .slice(0, 80);

/** Levenshtein distance. Source: Wagner & Fischer (1974), one row of the table at a time. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
};
