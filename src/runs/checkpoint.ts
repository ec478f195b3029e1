/**
 * Checkpoints: all numbers that a run or a build needs to continue, in one file that is old, new or absent but never half.
 *
 * Bytes: `LHCHECK1`, length of the header (uint32), header (JSON: id, names, kinds, offsets), float64 payload, SHA-256 of all
 * before. Little-endian. Numbers are float64 bits throughout, so NaN, −0 and ±∞ come back as they were.
 */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { writeFileAtomic } from "../core/atomic-write.ts";

/** Named numbers, texts, flags and arrays; the same form as a sampler's snapshot. */
export type State = { readonly [name: string]: number | string | boolean | Float64Array };

/** What was found where a checkpoint may be. */
export type CheckpointReading =
  | { readonly kind: "found"; readonly state: State }
  | { readonly kind: "absent" }
  /** There is a file, but it is damaged or of another task; work starts anew. */
  | { readonly kind: "ignored"; readonly reason: string };

type Field =
  | { readonly name: string; readonly kind: "number" }
  | { readonly name: string; readonly kind: "array"; readonly length: number }
  | { readonly name: string; readonly kind: "text"; readonly value: string }
  | { readonly name: string; readonly kind: "flag"; readonly value: boolean };

const magic = "LHCHECK1";
const digestBytes = 32;

/** Writes the state of task `id`, atomically and durably. */
export const writeCheckpoint = (path: string, id: string, state: State): void => {
  const fields = Object.entries(state).map(([name, value]): Field => {
    if (typeof value === "number") return { name, kind: "number" };
    if (typeof value === "string") return { name, kind: "text", value };
    if (typeof value === "boolean") return { name, kind: "flag", value };
    return { name, kind: "array", length: value.length };
  });
  const header = Buffer.from(JSON.stringify({ id, fields }), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const payload = Object.values(state).flatMap((value) => {
    if (typeof value === "number") return [bytesOf(Float64Array.of(value))];
    return value instanceof Float64Array ? [bytesOf(value)] : [];
  });
  const body = Buffer.concat([Buffer.from(magic), length, header, ...payload]);
  writeFileAtomic(path, Buffer.concat([body, createHash("sha256").update(body).digest()]));
};

const bytesOf = (values: Float64Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** Reads the checkpoint of task `id`. Never throws on bad content. */
export const readCheckpoint = (path: string, id: string): CheckpointReading => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { kind: "absent" };
    throw error;
  }
  const ignored = (what: string): CheckpointReading => ({
    kind: "ignored",
    reason: `checkpoint ${path} ${what}`,
  });
  const body = bytes.subarray(0, Math.max(0, bytes.length - digestBytes));
  const digest = createHash("sha256").update(body).digest();
  if (body.subarray(0, magic.length).toString() !== magic) return ignored("is of another format");
  if (!digest.equals(bytes.subarray(body.length))) return ignored("is damaged (SHA-256)");
  const headerEnd = 12 + body.readUInt32LE(8);
  const header = JSON.parse(body.toString("utf8", 12, headerEnd)) as { id: string; fields: Field[] };
  if (header.id !== id) return ignored(`belongs to "${header.id}", not to "${id}"`);
  return { kind: "found", state: decodeState(header.fields, body.subarray(headerEnd)) };
};

const decodeState = (fields: readonly Field[], payload: Buffer): State => {
  const aligned = payload.buffer.slice(payload.byteOffset, payload.byteOffset + payload.byteLength);
  const values = new Float64Array(aligned);
  let offset = 0;
  const take = (length: number): Float64Array => values.slice(offset, (offset += length));
  const decode = (field: Field): State[string] => {
    switch (field.kind) {
      case "number":
        return take(1)[0] ?? Number.NaN;
      case "array":
        return take(field.length);
      case "text":
      case "flag":
        return field.value;
    }
  };
  return Object.fromEntries(fields.map((field) => [field.name, decode(field)]));
};

/** Deletes a checkpoint that is no longer needed; silent if there is none. */
export const removeCheckpoint = (path: string): void => {
  rmSync(path, { force: true });
};
