/**
 * `trace.nc`: all draws of a run, as NetCDF-4 that `az.from_netcdf` opens.
 *
 * - `posterior`: `llc` = nβ·(L − L(w*)) and `L` = L_n(w), shape (chain, draw);
 * - `sample_stats`: the sampler's statistics under ArviZ's names, shape (chain, draw); `diverging` is a bool;
 * - attributes of the root and of `posterior`: settings and facts of the run.
 *
 * Warmup is not in the file. Equal traces give equal bytes: no time is stored, neither as attribute nor by HDF5.
 */
import { resolve } from "node:path";
import { commitFile } from "../core/atomic-write.ts";
import { SweepError } from "../core/errors.ts";
import { type Hdf5, loadHdf5, openHdf5, pinnedClock } from "./hdf5.ts";

/** Group of a variable in the file. */
export type TraceGroup = "posterior" | "sample_stats";

/** One variable, read when it is written, so that a long run need not be in memory at once. */
export interface TraceVariable {
  readonly group: TraceGroup;
  readonly name: string;
  /** Shape (numChains, numDraws); NaN where there is no value. */
  readonly read: () => readonly Float64Array[];
}

/** Settings and facts; NaN is allowed. */
export type TraceAttributes = Readonly<Record<string, string | number | boolean>>;

/** A trace to be written. */
export interface TraceSource {
  readonly numChains: number;
  readonly numDraws: number;
  readonly variables: readonly TraceVariable[];
  readonly attributes: TraceAttributes;
}

/** A trace as read. Arrays have shape (numChains, numDraws). */
export interface Trace {
  readonly numChains: number;
  readonly numDraws: number;
  readonly posterior: Readonly<Record<string, readonly Float64Array[]>>;
  readonly sampleStats: Readonly<Record<string, readonly Float64Array[]>>;
  readonly attributes: TraceAttributes;
}

/** Statistics that are stored as bool: anything but 0 and NaN is true. */
const boolNames: ReadonlySet<string> = new Set(["diverging", "is_accepted", "reached_max_treedepth"]);

/** Writes a trace atomically. */
export const writeTrace = async (path: string, source: TraceSource): Promise<void> => {
  const hdf5 = await loadHdf5();
  commitFile(path, (temporary) => {
    pinnedClock(() => fillFile(hdf5, resolve(temporary), source));
  });
};

const fillFile = (hdf5: Hdf5, path: string, source: TraceSource): void => {
  const file = openHdf5(hdf5, path, "w");
  try {
    writeAttributes(file, source.attributes);
    for (const group of ["posterior", "sample_stats"] as const)
      fillGroup(file.create_group(group), group, source);
  } finally {
    file.close();
  }
};

type Hdf5Group = ReturnType<ReturnType<typeof openHdf5>["create_group"]>;

const fillGroup = (group: Hdf5Group, name: TraceGroup, source: TraceSource): void => {
  const { numChains, numDraws } = source;
  if (name === "posterior") writeAttributes(group, source.attributes);
  // netCDF numbers its dimensions over the whole file.
  const firstDimension = name === "posterior" ? 0 : 2;
  createScale(group, "chain", { length: numChains, id: firstDimension });
  createScale(group, "draw", { length: numDraws, id: firstDimension + 1 });
  for (const variable of source.variables.filter((candidate) => candidate.group === name)) {
    const isBool = boolNames.has(variable.name);
    const values = flatten(variable.read(), numChains * numDraws);
    const dataset = group.create_dataset({
      name: variable.name,
      data: isBool ? Int8Array.from(values, (value) => (value === 0 || Number.isNaN(value) ? 0 : 1)) : values,
      shape: [numChains, numDraws],
      // Chunks must not be empty; without draws the (empty) data lie in the file as they are.
      ...(numDraws > 0
        ? { chunks: [1, Math.min(numDraws, 1 << 16)], compression: "gzip" as const, compression_opts: 4 }
        : {}),
    });
    if (isBool) dataset.create_attribute("dtype", "bool");
    else dataset.create_attribute("_FillValue", Float64Array.of(Number.NaN));
    dataset.attach_scale(0, `/${name}/chain`);
    dataset.attach_scale(1, `/${name}/draw`);
  }
};

const createScale = (
  group: Hdf5Group,
  name: string,
  { length, id }: { length: number; id: number },
): void => {
  const data = BigInt64Array.from({ length }, (_, i) => BigInt(i));
  const scale = group.create_dataset({ name, data, shape: [length] });
  scale.make_scale(name);
  scale.create_attribute("_Netcdf4Dimid", Int32Array.of(id), []);
};

const flatten = (chains: readonly Float64Array[], count: number): Float64Array => {
  const flat = new Float64Array(count);
  let offset = 0;
  for (const chain of chains) {
    flat.set(chain, offset);
    offset += chain.length;
  }
  if (offset !== count) throw new Error(`bug: ${offset} values in a trace of ${count}`);
  return flat;
};

const writeAttributes = (owner: Pick<Hdf5Group, "create_attribute">, attributes: TraceAttributes): void => {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "number") owner.create_attribute(name, Float64Array.of(value), []);
    else if (typeof value === "boolean") owner.create_attribute(name, Int32Array.of(value ? 1 : 0), []);
    else owner.create_attribute(name, value);
  }
};

/** Reads a trace. @throws SweepError `TRACE_INVALID` if the file is not one, `NOT_FOUND` if it is not there. */
export const readTrace = async (path: string): Promise<Trace> => {
  const hdf5 = await loadHdf5();
  const file = openHdf5(hdf5, resolve(path), "r");
  try {
    const posterior = readGroup(hdf5, file.get("posterior"));
    if (posterior === null || Object.keys(posterior).length === 0) {
      throw new SweepError(
        "TRACE_INVALID",
        `${path} has no group "posterior" with draws; expected a trace.nc.`,
      );
    }
    const first = Object.values(posterior)[0] ?? [];
    return {
      numChains: first.length,
      numDraws: first[0]?.length ?? 0,
      posterior,
      sampleStats: readGroup(hdf5, file.get("sample_stats")) ?? {},
      attributes: readAttributes(file.attrs),
    };
  } finally {
    file.close();
  }
};

const readGroup = (hdf5: Hdf5, group: unknown): Record<string, Float64Array[]> | null => {
  if (!(group instanceof hdf5.Group)) return null;
  const variables: Record<string, Float64Array[]> = {};
  for (const name of group.keys()) {
    const dataset = group.get(name);
    const shape = dataset instanceof hdf5.Dataset ? dataset.shape : null;
    if (shape?.length !== 2) continue;
    const [numChains = 0, numDraws = 0] = shape;
    const values = numDraws === 0 ? [] : (dataset as InstanceType<Hdf5["Dataset"]>).value;
    const flat = Float64Array.from(values as ArrayLike<number | bigint>, Number);
    variables[name] = Array.from({ length: numChains }, (_, c) =>
      flat.slice(c * numDraws, (c + 1) * numDraws),
    );
  }
  return variables;
};

const readAttributes = (attributes: Record<string, { value: unknown }>): TraceAttributes =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, { value }]) => {
      if (typeof value === "string" || typeof value === "boolean" || typeof value === "number")
        return [[name, value]];
      return typeof value === "bigint" ? [[name, Number(value)]] : [];
    }),
  );
