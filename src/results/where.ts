/**
 * Conditions on rows of the table: `sampler == 'hmc' and r_hat < 1.01`.
 *
 * ```
 * or      = and { "or" and }
 * and     = not { "and" not }
 * not     = [ "not" ] test
 * test    = "(" or ")" | operand [ compare operand | ["not"] "in" "(" literal { "," literal } ")" | "is" ["not"] "null" ]
 * compare = "==" | "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=" | "~"          (~: text contains, ignoring case)
 * operand = column | literal;   literal = number | 'text' | "text" | true | false | null
 * ```
 * A comparison with null is false (so is its negation by `!=`); use `is null`. A bare column must be a flag. Nothing is
 * evaluated as code.
 */
import { SweepError } from "../core/errors.ts";
import type { CellValue, ResultRow } from "./columns.ts";
import { type Token, tokenize } from "./where-tokens.ts";

/** True for the rows that are wanted. */
export type RowFilter = (row: ResultRow) => boolean;

type Operand = (row: ResultRow) => CellValue;

const mistake = (text: string, what: string): SweepError =>
  new SweepError("USAGE", `--where "${text}": ${what} Example: --where "sampler == 'hmc' and r_hat < 1.01".`);

/** What a condition may name. */
export interface KnownColumns {
  readonly columns: readonly string[];
  /** Completes the message about an unknown column: ` Did you mean "r_hat"?`, or nothing. */
  readonly suggest?: (name: string, known: readonly string[]) => string;
}

/** Parses a condition. @throws SweepError `USAGE`: what is wrong. */
export const parseWhere = (text: string, known: KnownColumns): RowFilter => {
  const tokens = tokenize(text);
  const bad = tokens.find((token) => token.kind === "bad");
  if (bad !== undefined)
    throw mistake(text, `${bad.text} at position ${bad.position + 1} is not understood.`);
  const parser = new Parser(text, tokens, known);
  return parser.parse();
};

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #known: KnownColumns;
  #next = 0;

  constructor(text: string, tokens: readonly Token[], known: KnownColumns) {
    this.#text = text;
    this.#tokens = tokens;
    this.#known = known;
  }

  parse(): RowFilter {
    if (this.#tokens.length === 0) throw mistake(this.#text, "the condition is empty.");
    const filter = this.#or();
    const rest = this.#tokens[this.#next];
    if (rest !== undefined) throw mistake(this.#text, `expected "and", "or" or the end before ${rest.text}.`);
    return filter;
  }

  #or(): RowFilter {
    const parts = [this.#and()];
    while (this.#take("or")) parts.push(this.#and());
    return (row) => parts.some((part) => part(row));
  }

  #and(): RowFilter {
    const parts = [this.#not()];
    while (this.#take("and")) parts.push(this.#not());
    return (row) => parts.every((part) => part(row));
  }

  #not(): RowFilter {
    if (!this.#take("not")) return this.#test();
    const inner = this.#not();
    return (row) => !inner(row);
  }

  #test(): RowFilter {
    if (this.#take("(")) {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    const left = this.#operand();
    const operator = this.#tokens[this.#next];
    if (operator?.kind === "compare") {
      this.#next++;
      return compare(operator.text, left, this.#operand());
    }
    if (this.#take("is")) return this.#nullTest(left);
    const isNegated = this.#take("not");
    if (this.#take("in")) return this.#membership(left, isNegated);
    if (isNegated) throw mistake(this.#text, 'expected "in" after "not".');
    return (row) => left(row) === true;
  }

  #nullTest(left: Operand): RowFilter {
    const isNegated = this.#take("not");
    this.#expect("null");
    return (row) => (left(row) === null) !== isNegated;
  }

  #membership(left: Operand, isNegated: boolean): RowFilter {
    this.#expect("(");
    const members = [this.#literal()];
    while (this.#take(",")) members.push(this.#literal());
    this.#expect(")");
    return (row) => {
      const value = left(row);
      return value !== null && members.includes(value) !== isNegated;
    };
  }

  #operand(): Operand {
    const token = this.#tokens[this.#next];
    if (token?.kind !== "word") {
      const value = this.#literal();
      return () => value;
    }
    this.#next++;
    const name = this.#columnOf(token.text);
    return (row) => row[name] ?? null;
  }

  #columnOf(text: string): string {
    const { columns, suggest } = this.#known;
    if (columns.includes(text)) return text;
    const name = columns.find((column) => column.toLowerCase() === text.toLowerCase());
    if (name !== undefined) return name;
    throw mistake(
      this.#text,
      `there is no column "${text}" (texts need quotes).${suggest?.(text, columns) ?? ""}`,
    );
  }

  #literal(): CellValue {
    const token = this.#tokens[this.#next];
    if (token?.kind !== "literal") {
      throw mistake(
        this.#text,
        `expected a column or a value ${token === undefined ? "at the end" : `before ${token.text}`}.`,
      );
    }
    this.#next++;
    return token.value;
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.text !== text || token.kind === "word") return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (this.#take(text)) return;
    const token = this.#tokens[this.#next];
    throw mistake(
      this.#text,
      `expected "${text}" ${token === undefined ? "at the end" : `before ${token.text}`}.`,
    );
  }
}

const compare = (operator: string, left: Operand, right: Operand): RowFilter => {
  const holds = comparisons[operator];
  if (holds === undefined) throw new Error(`bug: operator ${operator}`);
  return (row) => {
    const a = left(row);
    const b = right(row);
    return a !== null && b !== null && holds(a, b);
  };
};

type Comparison = (a: string | number | boolean, b: string | number | boolean) => boolean;

const isSameKind = (a: unknown, b: unknown): boolean => typeof a === typeof b;

const comparisons: Readonly<Record<string, Comparison>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => isSameKind(a, b) && a < b,
  "<=": (a, b) => isSameKind(a, b) && a <= b,
  ">": (a, b) => isSameKind(a, b) && a > b,
  ">=": (a, b) => isSameKind(a, b) && a >= b,
  "~": (a, b) => String(a).toLowerCase().includes(String(b).toLowerCase()),
};
