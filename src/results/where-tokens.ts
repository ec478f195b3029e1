/** Splits a condition (`where.ts`) into words, literals, comparison signs and keywords. */
import type { CellValue } from "./columns.ts";

interface Place {
  /** As it is compared by the parser: keywords in lower case, signs in their canonical form. */
  readonly text: string;
  /** Index of the first character. */
  readonly position: number;
}

/** `word`: name of a column; `sign`: keyword, bracket or comma; `bad`: what is not understood. */
export type Token =
  | (Place & { readonly kind: "word" | "sign" | "compare" | "bad" })
  | (Place & { readonly kind: "literal"; readonly value: CellValue });

const pattern =
  /\s*(?:(?<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))|'(?<single>[^']*)'|"(?<double>[^"]*)"|(?<compare>==|!=|<>|<=|>=|=|<|>|~)|(?<sign>[(),])|(?<word>[\p{L}_][\p{L}\p{N}_.]*)|(?<bad>\S+))/uy;

const keywords: ReadonlySet<string> = new Set(["and", "or", "not", "in", "is"]);
const constants: Readonly<Record<string, CellValue>> = { true: true, false: false, null: null };
const synonyms: Readonly<Record<string, string>> = { "=": "==", "<>": "!=" };

/** Text → tokens; never throws. */
export const tokenize = (text: string): Token[] => {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  for (let position = 0; position < trimmed.length; ) {
    pattern.lastIndex = position;
    const groups = pattern.exec(trimmed)?.groups ?? {};
    tokens.push(tokenOf(groups, position + (/^\s*/.exec(trimmed.slice(position))?.[0].length ?? 0)));
    position = pattern.lastIndex;
  }
  return tokens;
};

const tokenOf = (groups: Readonly<Record<string, string | undefined>>, position: number): Token => {
  const { number, single, double, compare, sign, word, bad } = groups;
  if (number !== undefined) return { kind: "literal", text: number, position, value: Number(number) };
  const quoted = single ?? double;
  if (quoted !== undefined) return { kind: "literal", text: `'${quoted}'`, position, value: quoted };
  if (compare !== undefined) return { kind: "compare", text: synonyms[compare] ?? compare, position };
  if (sign !== undefined) return { kind: "sign", text: sign, position };
  if (word === undefined) return { kind: "bad", text: bad ?? "", position };
  const lower = word.toLowerCase();
  if (keywords.has(lower)) return { kind: "sign", text: lower, position };
  const constant = constants[lower];
  return constant === undefined
    ? { kind: "word", text: word, position }
    : { kind: "literal", text: lower, position, value: constant };
};
