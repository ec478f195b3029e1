/** YAML text with positions: small configuration files whose every mistake is reported at its line, all at once. */
import { readFileSync } from "node:fs";
import { type Document, isNode, LineCounter, parse, parseDocument } from "yaml";
import { SweepError } from "./errors.ts";

/** Step of a path: a key or an index. */
export type PathStep = string | number;

/** A file, parsed; values can be overridden before they are read. */
export class YamlDocument {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string;
  /** `--set` texts by the dotted path that they wrote. */
  readonly #overrides = new Map<string, string>();

  /** @throws SweepError `CONFIG_INVALID` with every position at which the text is no YAML. */
  constructor(text: string, file: string) {
    this.#lines = new LineCounter();
    this.#file = file;
    this.#document = orRefuse(file, () =>
      parseDocument(text, { lineCounter: this.#lines, prettyErrors: false }),
    );
    const mistakes = [...this.#document.errors, ...this.#document.warnings].map(
      ({ pos, message }) => `${this.#positionAt(pos[0])}  (root): got text that is not YAML: ${message}.`,
    );
    throwMistakes(file, mistakes);
  }

  /** Writes one `path=value`; the value is YAML. @throws SweepError `USAGE` if the text is not of that form. */
  override(assignment: string): void {
    const [, dotted, text = ""] = /^\s*([\w-]+(?:[.[][\w-]+\]?)*)\s*=(.*)$/s.exec(assignment) ?? [];
    if (dotted === undefined) {
      throw new SweepError("USAGE", `--set got "${assignment}"; expected path=value, for example slots=4.`);
    }
    const path = dotted.replace(/\[(\w+)\]/g, ".$1").split(".");
    try {
      this.#document.setIn(path.map(stepOf), parse(text));
    } catch (cause) {
      throw new SweepError(
        "USAGE",
        `--set got "${assignment}"; expected a path that the file has and a YAML value.`,
        {
          cause,
        },
      );
    }
    this.#overrides.set(path.join("."), assignment);
  }

  /** Plain value of the whole file. @throws SweepError `CONFIG_INVALID` if aliases copy too much or name nothing. */
  toValue(): unknown {
    return orRefuse(this.#file, () => this.#document.toJS({ maxAliasCount: 100 }) as unknown);
  }

  /** `file:line:column` of the value at `path`, of its nearest parent, or the `--set` that wrote it. */
  placeOf(path: readonly PathStep[]): string {
    for (let depth = path.length; depth > 0; depth--) {
      const steps = path.slice(0, depth);
      const written = this.#overrides.get(steps.join("."));
      if (written !== undefined) return `--set ${written}`;
      const node = this.#document.getIn(steps, true);
      if (isNode(node) && node.range) return this.#positionAt(node.range[0]);
    }
    return this.#positionAt(0);
  }

  #positionAt(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  }
}

/** The library throws plain errors where text is nested or aliased beyond reason. */
const orRefuse = <T>(file: string, read: () => T): T => {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SweepError(
      "CONFIG_INVALID",
      `${file} cannot be used: ${reason}. Write it flat and without aliases.`,
      {
        cause,
      },
    );
  }
};

const stepOf = (step: string): PathStep => (/^\d+$/.test(step) ? Number(step) : step);

/** Reads a file as UTF-8. @throws SweepError `NOT_FOUND`, or `CONFIG_INVALID` on other bytes. */
export const readYamlDocument = (path: string): YamlDocument => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new SweepError("NOT_FOUND", `${path} cannot be read; expected a YAML file.`, { cause });
  }
  try {
    return new YamlDocument(new TextDecoder("utf-8", { fatal: true }).decode(bytes), path);
  } catch (cause) {
    if (cause instanceof SweepError) throw cause;
    throw new SweepError("CONFIG_INVALID", `${path} holds bytes that are not UTF-8; expected UTF-8 text.`, {
      cause,
    });
  }
};

/** Nothing for an empty list. @throws SweepError `CONFIG_INVALID` with one line a mistake. */
export const throwMistakes = (file: string, mistakes: readonly string[]): void => {
  if (mistakes.length === 0) return;
  const count = `${mistakes.length} mistake${mistakes.length === 1 ? "" : "s"}`;
  throw new SweepError("CONFIG_INVALID", `${count} in ${file}\n  ${mistakes.join("\n  ")}`, {
    details: { mistakes: [...mistakes] },
  });
};
