/**
 * Compiles the C kernels for this CPU and keeps the result.
 *
 * The library is cached by a hash of sources, flags, compiler version and CPU, so an upgrade of any of them compiles anew
 * and one home folder can serve different machines. It is built in a temporary folder and renamed into place, so any
 * number of processes may come first at once.
 *
 * Environment: CC (the compiler, default `cc`), LAMBDA_HAT_CFLAGS (more flags; `-DVECTOR_BYTES=32` narrows the vectors),
 * LAMBDA_HAT_CACHE (the cache folder; else lambda-hat under XDG_CACHE_HOME or ~/.cache).
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { availableParallelism, cpus, homedir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { messageOf, SweepError } from "../../core/errors.ts";
import { packageRoot } from "../../core/package-root.ts";

const run = promisify(execFile);

/** A compiled library, and the compiler by name and version (`cc 12.2.0`). */
export interface CompiledKernels {
  readonly path: string;
  readonly compiler: string;
}

/** One call of the compiler: a source and the flags of its own. */
interface Unit {
  readonly source: string;
  readonly flags: readonly string[];
}

const sourceFolder = join(packageRoot, "src", "compute", "kernels");

const commonFlags: readonly string[] = [
  "-std=gnu11",
  "-O3",
  // 64-bit Arm compilers take the CPU by another name; x86 ones would use half the width of AVX-512 on their own.
  ...(process.arch === "arm64" ? ["-mcpu=native"] : ["-march=native"]),
  ...(process.arch === "x64" ? ["-mprefer-vector-width=512"] : []),
  "-fno-math-errno",
  "-fno-trapping-math",
  "-fvisibility=hidden",
  "-fPIC",
  "-pthread",
];

/**
 * Finds the library in the cache or compiles it.
 *
 * @throws SweepError `ENVIRONMENT` that names the cause: no compiler, a compile error, an unwritable cache folder.
 */
export const compileKernels = async (onProgress: (line: string) => void): Promise<CompiledKernels> => {
  const command = (process.env["CC"] ?? "").trim() || "cc";
  const version = await versionOf(command);
  const compiler = `${command} ${/\d+\.\d+(\.\d+)?/.exec(version)?.[0] ?? ""}`.trim();
  const folder = cacheFolder();
  const flags = [...commonFlags, ...wordsOf(process.env["LAMBDA_HAT_CFLAGS"] ?? "")];
  const path = join(folder, `kernels-${cacheKey([command, version, ...flags, cpuOf()])}.so`);
  if (!existsSync(path)) {
    const workFolder = makeWorkFolder(folder);
    try {
      await onceAmongProcesses(path, () => build({ command, compiler, flags, path, workFolder, onProgress }));
    } finally {
      rmSync(workFolder, { recursive: true, force: true });
    }
  }
  return { path, compiler };
};

interface Build {
  readonly command: string;
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly path: string;
  readonly workFolder: string;
  readonly onProgress: (line: string) => void;
}

const build = async (order: Build): Promise<void> => {
  const { compiler, path, workFolder, onProgress } = order;
  const begin = performance.now();
  onProgress(`compiling native kernels with ${compiler} (once for this compiler and CPU)`);
  await compileAll(order);
  renameSync(join(workFolder, "kernels.so"), path);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  onProgress(`compiled native kernels with ${compiler} in ${seconds} s, cached in ${dirname(path)}`);
};

const lockStaleMs = 60_000;

/**
 * Lets one process make `path` while others wait for it. The lock only saves work: a lock of a process that died is
 * ignored after a minute, and then, or if the holder failed, several may build at once, which is safe.
 */
const onceAmongProcesses = async (path: string, make: () => Promise<void>): Promise<void> => {
  const lock = `${path}.lock`;
  if (!createFolder(lock)) {
    const hasLock = (): boolean => existsSync(lock) && Date.now() - statSync(lock).mtimeMs < lockStaleMs;
    while (!existsSync(path) && hasLock()) await setTimeout(50);
    if (existsSync(path)) return;
  }
  try {
    await make();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
};

/** False if the folder is there already. */
const createFolder = (path: string): boolean => {
  try {
    mkdirSync(path);
    return true;
  } catch {
    return false;
  }
};

const cacheFolder = (): string => {
  const own = process.env["LAMBDA_HAT_CACHE"];
  if (own) return own;
  const shared = process.env["XDG_CACHE_HOME"];
  return shared ? join(shared, "lambda-hat") : join(homedir(), ".cache", "lambda-hat");
};

const makeWorkFolder = (folder: string): string => {
  try {
    mkdirSync(folder, { recursive: true });
    return mkdtempSync(join(folder, "build-"));
  } catch (cause) {
    const reason = messageOf(cause);
    const message = `native kernels cannot be cached: ${reason}. Set LAMBDA_HAT_CACHE to a writable folder.`;
    throw new SweepError("ENVIRONMENT", message, { cause });
  }
};

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

const splitCommand = (command: string): [string, string[]] => {
  const [program = command, ...first] = wordsOf(command);
  return [program, first];
};

/** First line of `cc --version`. */
const versionOf = async (command: string): Promise<string> => {
  const [program, first] = splitCommand(command);
  try {
    const { stdout } = await run(program, [...first, "--version"]);
    return stdout.split("\n")[0];
  } catch (cause) {
    const message = `no C compiler: "${command} --version" fails. Install one (gcc or clang), or name it in the variable CC.`;
    throw new SweepError("ENVIRONMENT", message, { cause });
  }
};

/** Model and instruction sets: what `-march=native` looks at. */
const cpuOf = (): string => {
  const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const flags = /^(flags|Features)\s*:.*$/m.exec(info)?.[0] ?? "";
  return `${process.arch} ${cpus()[0]?.model ?? ""} ${flags}`;
};

const cacheKey = (facts: readonly string[]): string => {
  const hash = createHash("sha256");
  for (const name of readdirSync(sourceFolder).sort()) {
    if (/\.(c|h|txt)$/.test(name)) hash.update(`${name}\0`).update(readFileSync(join(sourceFolder, name)));
  }
  return hash.update(facts.join("\0")).digest("hex").slice(0, 16);
};

/** Units listed in `units.txt`. */
const readUnits = (): readonly Unit[] =>
  readFileSync(join(sourceFolder, "units.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [source = "", ...flags] = wordsOf(line);
      return { source, flags };
    });

/** Compiles every unit, as many at once as there are cores, and links `kernels.so` in the work folder. */
const compileAll = async ({ command, flags, workFolder }: Build): Promise<void> => {
  const units = readUnits();
  const objects = units.map((_, index) => join(workFolder, `${index}.o`));
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < units.length) {
      const index = next++;
      const { source, flags: own } = units[index];
      await compile(command, [...flags, ...own, "-c", join(sourceFolder, source), "-o", objects[index]]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 16) }, work));
  await compile(command, ["-shared", "-pthread", "-o", join(workFolder, "kernels.so"), ...objects]);
};

const compile = async (command: string, flags: readonly string[]): Promise<void> => {
  const [program, first] = splitCommand(command);
  try {
    await run(program, [...first, ...flags]);
  } catch (cause) {
    const output = (cause as { stderr?: string }).stderr ?? "";
    const lines = output.split("\n").filter((line) => /error/i.test(line));
    const reason = (lines[0] ?? output.split("\n")[0]) || String(cause);
    const message = `"${command}" does not compile the native kernels: ${reason}`;
    throw new SweepError("ENVIRONMENT", message, { cause });
  }
};
