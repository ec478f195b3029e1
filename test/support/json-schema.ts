/**
 * Checks a value against the part of JSON Schema draft 7 that zod writes. An unknown keyword throws, so that nothing is
 * passed over in silence.
 */

type Schema = Readonly<Record<string, unknown>>;

/** Paths at which `value` breaks `schema`; empty if it is valid. Of alternatives only the outer path is told. */
export const schemaErrors = (schema: unknown, value: unknown, path = "$"): string[] =>
  Object.entries(schema as Schema).flatMap(([keyword, rule]) => {
    const check = checks[keyword];
    if (check === undefined) throw new Error(`unknown keyword ${keyword} at ${path}`);
    return check({ rule, schema: schema as Schema, value, path });
  });

interface Check {
  readonly rule: unknown;
  readonly schema: Schema;
  readonly value: unknown;
  readonly path: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const when = (isBroken: boolean, { path }: Check, what: string): string[] =>
  isBroken ? [`${path}: ${what}`] : [];

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
};

const ignored = (): string[] => [];

const checks: Readonly<Record<string, (check: Check) => string[]>> = {
  $schema: ignored,
  title: ignored,
  description: ignored,
  default: ignored,
  type: (c) => {
    const fits = c.rule === "integer" ? Number.isInteger(c.value) : typeOf(c.value) === c.rule;
    return when(!fits, c, `not ${String(c.rule)}`);
  },
  const: (c) => when(c.value !== c.rule, c, "not the constant"),
  enum: (c) => when(!(c.rule as unknown[]).includes(c.value), c, "not in the list"),
  minimum: (c) => when(typeof c.value === "number" && c.value < Number(c.rule), c, "too small"),
  maximum: (c) => when(typeof c.value === "number" && c.value > Number(c.rule), c, "too large"),
  exclusiveMinimum: (c) => when(typeof c.value === "number" && c.value <= Number(c.rule), c, "too small"),
  exclusiveMaximum: (c) => when(typeof c.value === "number" && c.value >= Number(c.rule), c, "too large"),
  multipleOf: (c) => when(typeof c.value === "number" && c.value % Number(c.rule) !== 0, c, "no multiple"),
  minItems: (c) => when(Array.isArray(c.value) && c.value.length < Number(c.rule), c, "too few items"),
  minLength: (c) =>
    when(typeof c.value === "string" && Array.from(c.value).length < Number(c.rule), c, "too short"),
  maxLength: (c) =>
    when(typeof c.value === "string" && Array.from(c.value).length > Number(c.rule), c, "too long"),
  pattern: (c) =>
    when(typeof c.value === "string" && !new RegExp(String(c.rule), "u").test(c.value), c, "no match"),
  items: (c) =>
    Array.isArray(c.value)
      ? c.value.flatMap((item, index) => schemaErrors(c.rule, item, `${c.path}.${index}`))
      : [],
  anyOf: (c) =>
    when(
      !(c.rule as unknown[]).some((option) => schemaErrors(option, c.value, c.path).length === 0),
      c,
      "no alternative",
    ),
  required: (c) =>
    isObject(c.value)
      ? (c.rule as string[])
          .filter((key) => !Object.hasOwn(c.value as object, key))
          .map((key) => `${c.path}.${key}: missing`)
      : [],
  properties: (c) => {
    const { value } = c;
    if (!isObject(value)) return [];
    return Object.entries(c.rule as Schema).flatMap(([key, inner]) =>
      Object.hasOwn(value, key) ? schemaErrors(inner, value[key], `${c.path}.${key}`) : [],
    );
  },
  additionalProperties: (c) => {
    if (c.rule !== false) throw new Error("additionalProperties other than false");
    const known = Object.keys((c.schema["properties"] ?? {}) as object);
    const unknown = isObject(c.value) ? Object.keys(c.value).filter((key) => !known.includes(key)) : [];
    return unknown.map((key) => `${c.path}.${key}: unknown`);
  },
};
