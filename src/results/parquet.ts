/**
 * The results table as Parquet: one file, replaced atomically, that pandas, Polars and DuckDB open.
 *
 * Types are those of `columns.ts`; families get theirs from their values. Snappy compression, because every reader has it.
 * Facts about the experiment are key-value metadata, both of the file and of the Arrow schema, since readers look at
 * one or the other.
 */
import type * as Arrow from "apache-arrow";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { SweepError } from "../core/errors.ts";
import { readNamedFile } from "../core/read-named-file.ts";
import { type CellValue, type ColumnType, columns, type ResultRow } from "./columns.ts";

/** Texts stored beside the table: experiment, sweep, the experiment file, … */
export type ResultsMetadata = Readonly<Record<string, string>>;

/** A table as read. */
export interface Results {
  readonly metadata: ResultsMetadata;
  /** In the order of the file. */
  readonly columns: readonly string[];
  readonly rows: readonly ResultRow[];
}

interface Libraries {
  readonly parquet: typeof import("parquet-wasm");
  readonly arrow: typeof Arrow;
}

let loading: Promise<Libraries> | null = null;

/** Loads both libraries once, on first use: they are large, and most commands need neither. */
const loadLibraries = (): Promise<Libraries> => {
  loading ??= Promise.all([import("parquet-wasm"), import("apache-arrow")]).then(([parquet, arrow]) => ({
    parquet,
    arrow,
  }));
  return loading;
};

/** Writes the table, which may have no rows. */
export const writeResults = async (
  path: string,
  metadata: ResultsMetadata,
  rows: readonly ResultRow[],
): Promise<void> => {
  const { parquet, arrow } = await loadLibraries();
  const entries = new Map(Object.entries(metadata));
  const table = parquet.Table.fromIPCStream(arrow.tableToIPC(arrowTable(arrow, rows, entries), "stream"));
  const properties = new parquet.WriterPropertiesBuilder()
    .setCompression(parquet.Compression.SNAPPY)
    .setKeyValueMetadata(entries)
    .build();
  writeFileAtomic(path, parquet.writeParquet(table, properties));
};

const arrowTypeOf = (arrow: typeof Arrow, type: ColumnType): Arrow.DataType => {
  switch (type) {
    case "string":
      return new arrow.Utf8();
    case "float64":
      return new arrow.Float64();
    case "int64":
      return new arrow.Int64();
    case "bool":
      return new arrow.Bool();
    case "timestamp":
      return new arrow.TimestampMillisecond("UTC");
  }
};

const arrowTable = (
  arrow: typeof Arrow,
  rows: readonly ResultRow[],
  metadata: Map<string, string>,
): Arrow.Table => {
  const typed = [...typedColumns(rows)].map(([name, type]) => ({
    name,
    type,
    stored: arrowTypeOf(arrow, type),
  }));
  const fields = typed.map(({ name, stored }) => new arrow.Field(name, stored, true));
  const schema = new arrow.Schema(fields, metadata);
  const children = typed.map(({ name, type, stored }) => {
    const values = rows.map((row) => storedValue(row[name] ?? null, type, name));
    return arrow.vectorFromArray(values, stored).data[0] ?? arrow.makeData({ type: stored });
  });
  const type = new arrow.Struct(fields);
  const struct = arrow.makeData({ type, length: rows.length, nullCount: 0, children });
  return new arrow.Table(schema, new arrow.RecordBatch(schema, struct));
};

/** The fixed columns, then those of the families in order of appearance. */
const typedColumns = (rows: readonly ResultRow[]): Map<string, ColumnType> => {
  const typed = new Map<string, ColumnType>(columns.map(({ name, type }) => [name, type]));
  const names = new Set(rows.flatMap((row) => Object.keys(row)).filter((name) => !typed.has(name)));
  for (const name of names) typed.set(name, inferType(rows.map((row) => row[name] ?? null)));
  return typed;
};

/** Numbers are float64 even where whole, so that a column keeps its type from sweep to sweep. */
const inferType = (values: readonly CellValue[]): ColumnType => {
  const kinds = new Set(values.filter((value) => value !== null).map((value) => typeof value));
  if (kinds.size !== 1) return "string";
  if (kinds.has("number")) return "float64";
  return kinds.has("boolean") ? "bool" : "string";
};

const storedValue = (value: CellValue, type: ColumnType, name: string): unknown => {
  if (value === null || (typeof value === "number" && Number.isNaN(value))) return null;
  switch (type) {
    case "string":
      return String(value);
    case "float64":
      return Number(value);
    case "int64":
      if (!Number.isSafeInteger(value)) throw new Error(`bug: column ${name} got ${value}, no safe integer`);
      return BigInt(value as number);
    case "bool":
      return value === true;
    case "timestamp":
      return Date.parse(String(value));
  }
};

/** Reads a table. @throws SweepError `NOT_FOUND` or `TRACE_INVALID`. */
export const readResults = async (path: string): Promise<Results> => {
  const bytes = readNamedFile(path, {
    expected: "a table (.parquet)",
    absent: `there is no table ${path} yet. Run \`lambda-hat workflow llc --local\` first.`,
  });
  const { parquet, arrow } = await loadLibraries();
  let table: Arrow.Table;
  try {
    table = arrow.tableFromIPC(parquet.readParquet(new Uint8Array(bytes)).intoIPCStream());
  } catch (cause) {
    throw new SweepError(
      "TRACE_INVALID",
      `${path} cannot be read as Parquet; it is cut off or of another kind.`,
      { cause },
    );
  }
  const { fields, metadata } = table.schema;
  const vectors = fields.map(({ name }) => [name, table.getChild(name)] as const);
  return {
    metadata: Object.fromEntries([...metadata].filter(([name]) => !name.startsWith("ARROW:"))),
    columns: fields.map(({ name }) => name),
    rows: Array.from({ length: table.numRows }, (_, i) =>
      Object.fromEntries(vectors.map(([name, vector]) => [name, readValue(vector, i)])),
    ),
  };
};

const readValue = (vector: Arrow.Vector | null, index: number): CellValue => {
  const value: unknown = vector?.get(index) ?? null;
  if (value === null) return null;
  if (vector?.type.toString().startsWith("Timestamp")) return new Date(Number(value)).toISOString();
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : JSON.stringify(value);
};
