/**
 * The kinds of value that a key can take, each with its range, what messages say about it, and its description.
 *
 * A field is a zod schema that knows two sentences: the expectation (`a number > 0`), which ends every message about a
 * wrong value, and the description, which goes into the JSON Schema and the tables of `config/README.md`.
 */
import { z } from "zod";

const expectations = z.registry<{ readonly expected: string }>();

const field = <T extends z.ZodType>(schema: T, expected: string, description: string): T => {
  const described = schema.describe(description);
  expectations.add(described, { expected });
  return described;
};

/** Whole number in [min, max], at most 2^53 − 1. */
export const wholeNumber = (description: string, min: number, max = Number.MAX_SAFE_INTEGER): z.ZodNumber => {
  const range = max === Number.MAX_SAFE_INTEGER ? `>= ${min}` : `from ${min} to ${max}`;
  return field(z.number().int().min(min).max(max), `a whole number ${range}`, description);
};

/** Limits of a real number; `above` and `below` exclude the limit itself. */
export interface NumberRange {
  readonly above?: number;
  readonly min?: number;
  readonly below?: number;
  readonly max?: number;
}

/** Finite real number in a range. */
export const realNumber = (description: string, range: NumberRange = {}): z.ZodNumber => {
  let schema = z.number();
  const limits: string[] = [];
  if (range.above !== undefined) {
    schema = schema.gt(range.above);
    limits.push(`> ${range.above}`);
  }
  if (range.min !== undefined) {
    schema = schema.min(range.min);
    limits.push(`>= ${range.min}`);
  }
  if (range.below !== undefined) {
    schema = schema.lt(range.below);
    limits.push(`< ${range.below}`);
  }
  if (range.max !== undefined) {
    schema = schema.max(range.max);
    limits.push(`<= ${range.max}`);
  }
  return field(schema, limits.length === 0 ? "a number" : `a number ${limits.join(" and ")}`, description);
};

/** true or false. */
export const flag = (description: string): z.ZodBoolean => field(z.boolean(), "true or false", description);

/** One of a closed list of names. */
export const oneOf = <const Names extends readonly [string, ...string[]]>(
  description: string,
  names: Names,
): z.ZodEnum<{ [Name in Names[number]]: Name }> => {
  const expected = names.length === 1 ? names[0] : `one of ${names.join(", ")}`;
  return field(z.enum(names), expected, description) as z.ZodEnum<{ [Name in Names[number]]: Name }>;
};

/** Text that matches a pattern, which `expected` puts in words. */
export const word = (description: string, expected: string, pattern: RegExp): z.ZodString =>
  field(z.string().regex(pattern), expected, description);

/** Any schema with its own words. */
export const worded = field;

/** A list; `expected` puts its items in words. */
export const listOf = <T extends z.ZodType>(item: T, expected: string, description: string): z.ZodArray<T> =>
  field(z.array(item), expected, description);

/** The field, or null, which `meaning` explains. */
export const orNull = <T extends z.ZodType>(inner: T, meaning: string): z.ZodNullable<T> =>
  field(z.nullable(inner), `${expectedOf(inner)} or null`, `${descriptionOf(inner)} null: ${meaning}.`);

/** A wrapper's inner schema, until none is left. */
export const unwrap = (schema: z.ZodType): z.ZodType => {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema;
};

/** What messages say is expected: `a whole number >= 1 or null`. */
export const expectedOf = (schema: z.ZodType): string => {
  const own = expectations.get(schema)?.expected;
  if (own !== undefined) return own;
  const isWrapper = schema instanceof z.ZodDefault || schema instanceof z.ZodOptional;
  if (isWrapper) return expectedOf(schema.unwrap() as z.ZodType);
  return "a mapping";
};

/** The description a field was made with. */
export const descriptionOf = (schema: z.ZodType): string => {
  if (schema.description !== undefined) return schema.description;
  const isWrapper = schema instanceof z.ZodDefault || schema instanceof z.ZodOptional;
  return isWrapper ? descriptionOf(schema.unwrap() as z.ZodType) : "";
};

/** True if the value of the field may itself be a list, so that a list of lists is what expands. */
export const isListField = (schema: z.ZodType): boolean => {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) return inner.options.some((option) => isListField(option as z.ZodType));
  return inner instanceof z.ZodArray;
};
