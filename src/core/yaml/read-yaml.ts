/**
 * YAML bytes → located tree, safely: whatever the bytes are, the answer is a tree or mistakes with positions.
 *
 * Refused: more than 10 MB or a million words and signs, bytes that are not UTF-8, several documents, unknown tags, keys
 * that are not texts or come twice, nesting past 100 levels, aliases that contain themselves or copy more than 100,000
 * values ("billion laughs").
 * Anchors, aliases and merge keys (`<<`) work. Numbers follow YAML 1.2, so `1e-6` is one and `yes` is a text.
 */
import { readFileSync, statSync } from "node:fs";
import { Composer, type CST, type Document, Lexer, LineCounter, Parser, type YAMLError } from "yaml";
import { SweepError } from "../errors.ts";
import { convertDocument } from "./convert-document.ts";
import type { LocatedMap, Place } from "./located.ts";
import { type Mistake, quote, throwMistakes } from "./mistakes.ts";

/** Largest file that is read, bytes. */
const maxBytes = 10_000_000;

/** Deepest nesting of lists and mappings; the YAML library recurses, and would exhaust the stack on hostile files. */
const maxDepth = 100;

/** Most words, signs and gaps that are read: about two seconds, and more than any plan of 10,000 entries has. */
const maxLexemes = 1_000_000;

const tooDeep = `got lists or mappings nested deeper than ${maxDepth} levels; expected a flat file.`;
const tooMuch = `got more than ${maxLexemes.toLocaleString("en")} words and signs; expected fewer. Split the file.`;

/** One stray bracket makes an error of every line after it; the first few say it all. */
const maxSyntaxErrors = 5;

/** A YAML file as text and tree. */
export interface YamlSource {
  readonly text: string;
  readonly root: LocatedMap;
}

/**
 * Reads a file that must hold one mapping.
 *
 * @param name  how messages call it.
 * @param mistakes  takes what is wrong but does not hide the rest (keys that come twice).
 * @throws NOT_FOUND; CONFIG_INVALID where nothing more can be said about the content.
 */
export const readYamlFile = (path: string, name: string, mistakes: Mistake[]): YamlSource => {
  const text = readText(path, name);
  const found: Mistake[] = [];
  const root = parseYaml(text, name, found);
  if (root === null) {
    throwMistakes(name, found);
    throw new Error("bug: no YAML and no mistake");
  }
  for (const mistake of found) mistakes.push(mistake);
  return { text, root };
};

const readText = (path: string, name: string): string => {
  const bytes = readBytes(path, name);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const before = bytes.toString("utf8").split("\uFFFD", 1)[0] as string;
    const lines = before.split("\n");
    const place = { file: name, line: lines.length, column: (lines.at(-1) as string).length + 1 };
    const text = "got bytes that are not UTF-8; expected UTF-8 text. Save the file in that encoding.";
    throwMistakes(name, [{ place, path: "", text }]);
    throw new Error("bug: unreachable", { cause: place });
  }
};

const readBytes = (path: string, name: string): Buffer => {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) {
      const text = `got ${size.toLocaleString("en")} bytes; expected at most ${maxBytes.toLocaleString("en")}. Split the file.`;
      throwMistakes(name, [{ place: { file: name, line: 1, column: 1 }, path: "", text }]);
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof SweepError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new SweepError("NOT_FOUND", `${name} does not exist; expected a YAML file. Name another file.`, {
        cause: error,
      });
    }
    const reason = code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw new SweepError("CONFIG_INVALID", `${name} ${reason}; expected a YAML file.`, { cause: error });
  }
};

/**
 * YAML text → mapping.
 *
 * @param mistakes  takes everything that is wrong.
 * @returns null if what is wrong leaves no mapping to go on with.
 */
export const parseYaml = (text: string, file: string, mistakes: Mistake[]): LocatedMap | null => {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const documents = composeDocuments(text, lines);
  if ("what" in documents) {
    mistakes.push({ place: place(documents.offset), path: "", text: documents.what });
    return null;
  }
  const [document, second] = documents;
  const errors = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  for (const error of errors.slice(0, maxSyntaxErrors)) {
    mistakes.push({ place: place(error.pos[0]), path: "", text: syntaxText(error, text) });
  }
  if (second !== undefined) {
    const what = "got a second document (after ---); expected one document in a file. Split the file.";
    mistakes.push({ place: place(second.range[0]), path: "", text: what });
  }
  if (errors.length > 0 || document === undefined) return null;
  return convertDocument(document, place, mistakes);
};

type YamlDocument = Document.Parsed;

/** All documents, or what made the parser give up, and at which offset. */
const composeDocuments = (
  text: string,
  lines: LineCounter,
): YamlDocument[] | { readonly offset: number; readonly what: string } => {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  let numLexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    numLexemes += 1;
    if (numLexemes > maxLexemes) return { offset: parser.offset, what: tooMuch };
    if (parser.stack.length > maxDepth) return { offset: parser.offset, what: tooDeep };
  }
  for (const token of parser.end()) tokens.push(token);
  const options = { lineCounter: lines, merge: true, prettyErrors: false, uniqueKeys: false } as const;
  return [...new Composer(options).compose(tokens, true, text.length)] as YamlDocument[];
};

const syntaxText = (error: YAMLError, text: string): string => {
  if (error.code === "TAB_AS_INDENT") return "got a tab as indentation; expected spaces.";
  if (error.code === "TAG_RESOLVE_FAILED") {
    return `got the unknown tag ${quote(text.slice(...error.pos))}; expected plain YAML. Remove the tag.`;
  }
  const message = error.message.replace(/\s+/g, " ").replace(/[.;:]$/, "");
  return `got text that is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}.`;
};
