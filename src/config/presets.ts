/**
 * Presets: named YAML blocks under `<folder>/{model,data,teacher,training,sampler,posterior}/<name>.yaml`.
 *
 * Folders are searched in order, the user's own first; the first file of a name wins and hides the others.
 */
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { packageRoot } from "../core/package-root.ts";
import type { Located, LocatedMap } from "../core/yaml/located.ts";
import { gotOf, type Mistake } from "../core/yaml/mistakes.ts";
import { suggestName } from "../core/yaml/nearest-name.ts";
import { readYamlFile } from "../core/yaml/read-yaml.ts";

/** Kinds of preset; each is a folder. */
export const presetKinds = ["model", "data", "teacher", "training", "sampler", "posterior"] as const;

export type PresetKind = (typeof presetKinds)[number];

/** A preset file that was found. */
export interface PresetFile {
  readonly kind: PresetKind;
  readonly name: string;
  readonly path: string;
  /** Its first comment line; empty if it has none. */
  readonly description: string;
  /** True if an earlier folder has a preset of the same name. */
  readonly isHidden: boolean;
}

/** Presets that come with the package. */
export const packagedPresets = join(packageRoot, "config", "presets");

/**
 * Where presets are looked up: `presets/` beside the experiment file, `config/presets` under the working folder, then
 * the ones that come with the package. Folders that do not exist are left out.
 */
export const defaultPresetFolders = (experimentFile: string): readonly string[] => {
  const candidates = [
    join(dirname(resolve(experimentFile)), "presets"),
    resolve("config", "presets"),
    packagedPresets,
  ];
  return [...new Set(candidates.map(realFolder).filter((folder) => folder !== null))];
};

const realFolder = (folder: string): string | null => {
  try {
    return realpathSync(folder);
  } catch {
    return null;
  }
};

/** All presets of the folders, by kind, then folder, then name. */
export const listPresets = (folders: readonly string[]): readonly PresetFile[] =>
  presetKinds.flatMap((kind) => {
    const seen = new Set<string>();
    return folders.flatMap((folder) => presetsIn(folder, kind, seen));
  });

const presetsIn = (folder: string, kind: PresetKind, seen: Set<string>): PresetFile[] => {
  const files = namesIn(join(folder, kind)).map((file): PresetFile => {
    const path = join(folder, kind, file);
    const name = file.replace(/\.ya?ml$/, "");
    return { kind, name, path, description: firstComment(path), isHidden: seen.has(name) };
  });
  for (const file of files) seen.add(file.name);
  return files;
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder)
      .filter((file) => /^[^.].*\.ya?ml$/.test(file))
      .sort();
  } catch {
    return [];
  }
};

const firstComment = (path: string): string => {
  const line = readFileSync(path, "utf8").split("\n", 1)[0] ?? "";
  return line.startsWith("#") ? line.replace(/^#\s*/, "") : "";
};

/** A path as messages show it: relative to the working folder where it lies below it. */
export const shownPath = (path: string): string => {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") || fromHere === "" ? path : fromHere;
};

/** Loads each preset once. */
export class PresetShelf {
  readonly #folders: readonly string[];
  readonly #mistakes: Mistake[];
  readonly #loaded = new Map<string, LocatedMap | null>();
  readonly #paths = new Map<string, string>();

  /** @param mistakes  takes what is wrong in preset files and in the names of presets. */
  constructor(folders: readonly string[], mistakes: Mistake[]) {
    this.#folders = folders;
    this.#mistakes = mistakes;
    for (const { kind, name, path, isHidden } of listPresets(folders)) {
      if (!isHidden) this.#paths.set(`${kind}/${name}`, path);
    }
  }

  /** True if there is a preset of that name. */
  has(kind: PresetKind, name: string): boolean {
    return this.#paths.has(`${kind}/${name}`);
  }

  /** The preset; null with a mistake at `request` (the node that names it) if there is none. @throws CONFIG_INVALID */
  load(kind: PresetKind, name: string, request: Located): LocatedMap | null {
    const key = `${kind}/${name}`;
    const path = this.#paths.get(key);
    if (path === undefined) {
      this.#mistakes.push(this.#missing(kind, name, request));
      return null;
    }
    const loaded = this.#loaded.get(key);
    if (loaded !== undefined) return loaded;
    const { root } = readYamlFile(path, shownPath(path), this.#mistakes);
    this.#loaded.set(key, root);
    return root;
  }

  #missing(kind: PresetKind, name: string, request: Located): Mistake {
    const prefix = `${kind}/`;
    const known = [...this.#paths.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .sort();
    const places = this.#folders.map((folder) => shownPath(join(folder, kind))).join(", ");
    const expected =
      known.length === 0 ? `a ${kind} preset, but there are none` : `a ${kind} preset: ${known.join(", ")}`;
    return {
      place: request.place,
      path: request.path,
      text: `got ${gotOf(request)}; expected ${expected}.${suggestName(name, known)} Presets are looked up in ${places}.`,
    };
  }
}
