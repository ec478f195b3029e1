/**
 * Draws from files of other tools, for `lambda-hat summarize`: every variable shaped (chain, draw, …).
 *
 * - `.nc`: the variables of group `posterior`, else those of the root;
 * - `.npz`, `.npy`: arrays (chain, draw, …); one axis is one chain;
 * - `.csv`: one draw a line, columns are variables; a column `chain` tells the chains apart, `draw` orders them;
 * - `.json`: an object of nested lists `[chain][draw]…` (or one list of draws), or such a list alone; null is NaN. Lists of
 *   texts are left out.
 *
 * Entries of arrays become variables of their own, named as ArviZ does: `theta[0, 2]`.
 */
import { basename, extname, resolve } from "node:path";
import { SweepError } from "../core/errors.ts";
import { readNamedFile } from "../core/read-named-file.ts";
import { type DrawsBlock, parseDrawsCsv } from "./draws-csv.ts";
import { type Hdf5, loadHdf5, openHdf5 } from "./hdf5.ts";
import { decodeNpy, type NpyArray } from "./npy.ts";
import { decodeReadable } from "./npz.ts";

/** Draws of one scalar variable, shape (numChains, numDraws). */
export interface FileVariable {
  readonly name: string;
  readonly draws: readonly Float64Array[];
}

/**
 * Reads every variable of a file.
 *
 * @param onNote  hears which arrays were left out, and why.
 * @throws SweepError `NOT_FOUND`, `USAGE` for an unknown kind of file, `TRACE_INVALID`.
 */
export const readDrawsFile = async (
  path: string,
  onNote: (note: string) => void = () => {},
): Promise<FileVariable[]> => {
  const blocks = await readBlocks(path, onNote);
  const empty = Object.entries(blocks).find(([, { values }]) => values.length === 0);
  if (empty !== undefined) throw invalid(`${path}: ${empty[0]}`, "has no draws");
  const variables = Object.entries(blocks).flatMap(([name, block]) => split(name, block));
  if (variables.length === 0) throw invalid(path, "has no variable with draws");
  return variables;
};

const readBlocks = async (
  path: string,
  onNote: (note: string) => void,
): Promise<Record<string, DrawsBlock>> => {
  switch (extname(path).toLowerCase()) {
    case ".nc":
      return readNetcdf(path);
    case ".npz":
      return numericBlocks(readNumbers(path, onNote));
    case ".npy":
      return numericBlocks({ [basename(path, extname(path))]: decodeNpy(read(path), path) });
    case ".csv":
      return parseDrawsCsv(read(path).toString("utf8"), path);
    case ".json":
      return parseJson(read(path).toString("utf8"), path);
    default:
      throw new SweepError(
        "USAGE",
        `cannot read draws from ${path}: expected a .nc, .npz, .npy, .csv or .json file.`,
      );
  }
};

const read = (path: string): Buffer => readNamedFile(path, { expected: "a file of draws" });

const invalid = (path: string, what: string): SweepError =>
  new SweepError("TRACE_INVALID", `${path} ${what}; expected draws shaped (chain, draw).`);

const split = (name: string, { shape, values }: DrawsBlock): FileVariable[] => {
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

const readNumbers = (path: string, onNote: (note: string) => void): Record<string, NpyArray> => {
  const { arrays, unread } = decodeReadable(read(path), path);
  for (const { name, type } of unread)
    onNote(`${path}: ${name} is left out, because it holds no real numbers (type ${type})`);
  return arrays;
};

const numericBlocks = (arrays: Readonly<Record<string, NpyArray>>): Record<string, DrawsBlock> =>
  Object.fromEntries(
    Object.entries(arrays).flatMap(([name, { shape, data }]) => {
      if (!ArrayBuffer.isView(data) || shape.length === 0) return [];
      const values = Float64Array.from(data as ArrayLike<number | bigint>, Number);
      return [[name, { shape: shape.length === 1 ? [1, ...shape] : shape, values }]];
    }),
  );

const readNetcdf = async (path: string): Promise<Record<string, DrawsBlock>> => {
  const hdf5 = await loadHdf5();
  const file = openHdf5(hdf5, resolve(path), "r");
  try {
    const posterior = file.get("posterior");
    return groupBlocks(hdf5, posterior instanceof hdf5.Group ? posterior : file);
  } finally {
    file.close();
  }
};

const groupBlocks = (hdf5: Hdf5, group: InstanceType<Hdf5["Group"]>): Record<string, DrawsBlock> => {
  const blocks: Record<string, DrawsBlock> = {};
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

const parseJson = (text: string, path: string): Record<string, DrawsBlock> => {
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
  const lists = Object.entries(value).filter(([, member]) => Array.isArray(member) && !isOfTexts(member));
  return Object.fromEntries(
    lists.map(([name, list]) => [name, nestedBlock(list as unknown[], `${path}: ${name}`)]),
  );
};

const isOfTexts = (list: unknown[]): boolean =>
  list.length > 0 && list.flat(Number.POSITIVE_INFINITY).every((leaf) => typeof leaf === "string");

const nestedBlock = (list: unknown[], where: string): DrawsBlock => {
  const shape: number[] = [];
  for (let level: unknown = list; Array.isArray(level); level = level[0]) shape.push(level.length);
  const leaves = list.flat(Number.POSITIVE_INFINITY) as unknown[];
  const count = shape.reduce((product, length) => product * length, 1);
  if (leaves.length !== count || !isRectangular(list, shape))
    throw invalid(where, "has rows of different lengths");
  const isNumber = (leaf: unknown): boolean =>
    leaf === null || typeof leaf === "number" || typeof leaf === "boolean";
  if (!leaves.every(isNumber)) throw invalid(where, "holds something else than numbers");
  const values = Float64Array.from(leaves, (leaf) => (leaf === null ? Number.NaN : Number(leaf)));
  return { shape: shape.length === 1 ? [1, ...shape] : shape, values };
};

const isRectangular = (value: unknown, [length, ...rest]: readonly number[]): boolean => {
  if (length === undefined) return !Array.isArray(value);
  return (
    Array.isArray(value) && value.length === length && value.every((member) => isRectangular(member, rest))
  );
};
