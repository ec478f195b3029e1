/**
 * Draws from files of other tools, for `lambda-hat summarize`: every variable shaped (chain, draw, …).
 *
 * - `.nc`: the variables of group `posterior`, else those of the root;
 * - `.npz`, `.npy`: arrays (chain, draw, …); one axis is one chain;
 * - `.csv`: one draw a line, columns are variables; a column `chain` tells the chains apart, `draw` orders them;
 * - `.json`: an object of nested lists `[chain][draw]…` (or one list of draws), or such a list alone; null is NaN.
 *
 * Entries of arrays become variables of their own, named as ArviZ does: `theta[0, 2]`.
 */
import { readFileSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { SweepError } from "../core/errors.ts";
import { type Hdf5, loadHdf5, openHdf5 } from "./hdf5.ts";
import { decodeNpy, type NpyArray } from "./npy.ts";
import { decodeNpz } from "./npz.ts";

/** Draws of one scalar variable, shape (numChains, numDraws). */
export interface FileVariable {
  readonly name: string;
  readonly draws: readonly Float64Array[];
}

/** Numbers with their shape (chain, draw, …), row-major. */
interface Block {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** Reads every variable of a file. @throws SweepError `NOT_FOUND`, `USAGE` for an unknown kind of file, `TRACE_INVALID`. */
export const readDrawsFile = async (path: string): Promise<FileVariable[]> => {
  const blocks = await readBlocks(path);
  const variables = Object.entries(blocks).flatMap(([name, block]) => split(name, block));
  if (variables.length === 0) throw invalid(path, "has no variable with draws");
  return variables;
};

const readBlocks = async (path: string): Promise<Record<string, Block>> => {
  switch (extname(path).toLowerCase()) {
    case ".nc":
      return readNetcdf(path);
    case ".npz":
      return numericBlocks(decodeNpz(read(path), path));
    case ".npy":
      return numericBlocks({ [basename(path, extname(path))]: decodeNpy(read(path), path) });
    case ".csv":
      return parseCsv(read(path).toString("utf8"), path);
    case ".json":
      return parseJson(read(path).toString("utf8"), path);
    default:
      throw new SweepError(
        "USAGE",
        `cannot read draws from ${path}: expected a .nc, .npz, .npy, .csv or .json file.`,
      );
  }
};

const read = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new SweepError("NOT_FOUND", `file ${path} does not exist.`, { cause });
  }
};

const invalid = (path: string, what: string): SweepError =>
  new SweepError("TRACE_INVALID", `${path} ${what}; expected draws shaped (chain, draw).`);

const split = (name: string, { shape, values }: Block): FileVariable[] => {
  const [numChains = 0, numDraws = 0, ...rest] = shape;
  const entries = rest.reduce((product, length) => product * length, 1);
  return Array.from({ length: entries }, (_, entry) => ({
    name: rest.length === 0 ? name : `${name}[${subscripts(entry, rest).join(", ")}]`,
    draws: Array.from({ length: numChains }, (_unused, chain) =>
      Float64Array.from(
        { length: numDraws },
        (_none, draw) => values[(chain * numDraws + draw) * entries + entry] ?? Number.NaN,
      ),
    ),
  }));
};

const subscripts = (entry: number, shape: readonly number[]): number[] => {
  const indices: number[] = [];
  let rest = entry;
  for (const length of shape.toReversed()) {
    indices.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return indices;
};

const numericBlocks = (arrays: Readonly<Record<string, NpyArray>>): Record<string, Block> =>
  Object.fromEntries(
    Object.entries(arrays).flatMap(([name, { shape, data }]) => {
      if (!ArrayBuffer.isView(data) || shape.length === 0) return [];
      const values = Float64Array.from(data as ArrayLike<number | bigint>, Number);
      return [[name, { shape: shape.length === 1 ? [1, ...shape] : shape, values }]];
    }),
  );

const readNetcdf = async (path: string): Promise<Record<string, Block>> => {
  const hdf5 = await loadHdf5();
  const file = openHdf5(hdf5, resolve(path), "r");
  try {
    const posterior = file.get("posterior");
    return groupBlocks(hdf5, posterior instanceof hdf5.Group ? posterior : file);
  } finally {
    file.close();
  }
};

const groupBlocks = (hdf5: Hdf5, group: InstanceType<Hdf5["Group"]>): Record<string, Block> => {
  const blocks: Record<string, Block> = {};
  for (const name of group.keys()) {
    const dataset = group.get(name);
    if (!(dataset instanceof hdf5.Dataset)) continue;
    const { shape, value } = dataset;
    if (shape === null || shape.length < 2 || !ArrayBuffer.isView(value)) continue;
    const values = Float64Array.from(value as unknown as ArrayLike<number | bigint>, Number);
    blocks[name] = { shape, values };
  }
  return blocks;
};

const parseCsv = (text: string, path: string): Record<string, Block> => {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const columns = (lines[0] ?? "").split(",").map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
  const rows = lines.slice(1).map((line) => line.split(",").map(parseCell));
  if (rows.length === 0) throw invalid(path, "has no draws below its header");
  const ragged = rows.findIndex((row) => row.length !== columns.length);
  if (ragged >= 0)
    throw invalid(
      path,
      `has ${rows[ragged]?.length} cells instead of ${columns.length} in draw ${ragged + 1}`,
    );
  const chainColumn = columns.indexOf("chain");
  const drawColumn = columns.indexOf("draw");
  const chains = new Map<number, number[][]>();
  for (const row of rows) {
    const chain = chainColumn < 0 ? 0 : (row[chainColumn] ?? 0);
    const draws = chains.get(chain) ?? [];
    draws.push(row);
    chains.set(chain, draws);
  }
  const ordered = [...chains.keys()]
    .sort((a, b) => a - b)
    .map((chain) => {
      const draws = chains.get(chain) ?? [];
      return drawColumn < 0 ? draws : draws.toSorted((a, b) => (a[drawColumn] ?? 0) - (b[drawColumn] ?? 0));
    });
  const numDraws = ordered[0]?.length ?? 0;
  if (ordered.some((draws) => draws.length !== numDraws))
    throw invalid(path, "has chains of different lengths");
  const blockOf = (column: number): Block => ({
    shape: [ordered.length, numDraws],
    values: Float64Array.from(ordered.flatMap((draws) => draws.map((row) => row[column] ?? Number.NaN))),
  });
  const variables = columns.flatMap((name, i) =>
    i === chainColumn || i === drawColumn ? [] : [[name, blockOf(i)]],
  );
  return Object.fromEntries(variables) as Record<string, Block>;
};

/** Empty cells and words are NaN. */
const parseCell = (cell: string): number => {
  const text = cell.trim().toLowerCase();
  if (text === "inf" || text === "infinity") return Number.POSITIVE_INFINITY;
  if (text === "-inf" || text === "-infinity") return Number.NEGATIVE_INFINITY;
  if (text === "true" || text === "false") return text === "true" ? 1 : 0;
  return text === "" ? Number.NaN : Number(text);
};

const parseJson = (text: string, path: string): Record<string, Block> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SweepError("TRACE_INVALID", `${path} is not JSON; expected draws shaped [chain][draw].`, {
      cause,
    });
  }
  if (Array.isArray(value)) return { x: nestedBlock(value, `${path}: x`) };
  if (typeof value !== "object" || value === null) throw invalid(path, "is neither an object nor a list");
  const lists = Object.entries(value).filter(([, member]) => Array.isArray(member));
  return Object.fromEntries(
    lists.map(([name, list]) => [name, nestedBlock(list as unknown[], `${path}: ${name}`)]),
  );
};

const nestedBlock = (list: unknown[], where: string): Block => {
  const shape: number[] = [];
  for (let level: unknown = list; Array.isArray(level); level = level[0]) shape.push(level.length);
  const leaves = list.flat(Number.POSITIVE_INFINITY) as unknown[];
  const count = shape.reduce((product, length) => product * length, 1);
  if (leaves.length !== count || !isRectangular(list, shape))
    throw invalid(where, "has rows of different lengths");
  const values = Float64Array.from(leaves, (leaf) =>
    typeof leaf === "number" || typeof leaf === "boolean" ? Number(leaf) : Number.NaN,
  );
  return { shape: shape.length === 1 ? [1, ...shape] : shape, values };
};

const isRectangular = (value: unknown, [length, ...rest]: readonly number[]): boolean => {
  if (length === undefined) return !Array.isArray(value);
  return (
    Array.isArray(value) && value.length === length && value.every((member) => isRectangular(member, rest))
  );
};
