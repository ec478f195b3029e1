/** Compiling and caching the native kernels, with a stand-in for the compiler that writes what it was asked. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compileKernels } from "../../../../src/compute/native/compile-kernels.ts";
import { createNativeBackend } from "../../../../src/compute/native/native-backend.ts";
import { SweepError } from "../../../../src/core/errors.ts";

let folder = "";
const ignore = (): void => undefined;

/** A compiler that logs its arguments and does `body`; `$output` is the file after -o. */
const useCompiler = (body: string, version = "fakecc 1.2.3"): void => {
  const path = join(folder, "fakecc");
  const lines = [
    "#!/bin/sh",
    `if [ "$1" = --version ]; then echo "${version}"; exit 0; fi`,
    `echo "$@" >>"${folder}/calls"`,
    'while [ $# -gt 0 ]; do [ "$1" = -o ] && output=$2; shift; done',
    body,
  ];
  writeFileSync(path, lines.join("\n"));
  chmodSync(path, 0o755);
  vi.stubEnv("CC", path);
};

const calls = (): readonly string[] => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

const failureOf = async (work: Promise<unknown>): Promise<SweepError> => {
  const error = await work.then(() => null).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SweepError);
  return error as SweepError;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lambda-hat-cc-"));
  vi.stubEnv("LAMBDA_HAT_CACHE", join(folder, "cache"));
  vi.stubEnv("LAMBDA_HAT_CFLAGS", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe("compileKernels", () => {
  it("compiles every unit once, keeps the library and leaves nothing else", async () => {
    useCompiler('echo made >"$output"');
    const lines: string[] = [];
    const { path, compiler } = await compileKernels((line) => lines.push(line));
    expect(readFileSync(path, "utf8")).toBe("made\n");
    expect(readdirSync(join(folder, "cache"))).toHaveLength(1);
    expect(compiler).toMatch(/fakecc 1\.2\.3$/);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/compiled native kernels with .*fakecc 1\.2\.3 in \d+\.\d s, cached in /);
    expect(
      calls().filter((call) => call.includes("random.c") && call.includes("-ffp-contract=off")),
    ).toHaveLength(1);
    const before = calls().length;
    expect((await compileKernels((line) => lines.push(line))).path).toBe(path);
    expect([calls().length, lines.length]).toEqual([before, 2]);
  });

  it("compiles anew for another compiler version or other flags", async () => {
    useCompiler('echo made >"$output"');
    const paths = [(await compileKernels(ignore)).path];
    vi.stubEnv("LAMBDA_HAT_CFLAGS", "-DVECTOR_BYTES=32 -Wall");
    paths.push((await compileKernels(ignore)).path);
    expect(calls().filter((call) => call.includes("-DVECTOR_BYTES=32 -Wall")).length).toBeGreaterThan(10);
    useCompiler('echo made >"$output"', "fakecc 1.2.4");
    paths.push((await compileKernels(ignore)).path);
    expect(new Set(paths).size).toBe(3);
  });

  it("lets one of several that come at once compile", async () => {
    useCompiler('sleep 0.01; echo made >"$output"');
    const results = await Promise.all(Array.from({ length: 4 }, () => compileKernels(ignore)));
    expect(new Set(results.map(({ path }) => path)).size).toBe(1);
    expect(calls().filter((call) => call.includes("-shared"))).toHaveLength(1);
    expect(readdirSync(join(folder, "cache"))).toHaveLength(1);
  });

  it("names a compiler that is not there", async () => {
    vi.stubEnv("CC", join(folder, "nowhere"));
    const error = await failureOf(compileKernels(ignore));
    expect(error.code).toBe("ENVIRONMENT");
    expect(error.message).toMatch(/no C compiler: ".*nowhere --version" fails\. Install one/);
  });

  it("quotes the compiler's first error and leaves no library", async () => {
    useCompiler('echo "x.c:3: note: here" >&2; echo "x.c:4: error: no such vector" >&2; exit 1');
    const error = await failureOf(compileKernels(ignore));
    expect(error.code).toBe("ENVIRONMENT");
    expect(error.message).toMatch(/does not compile the native kernels: x\.c:4: error: no such vector/);
    expect(readdirSync(join(folder, "cache"))).toEqual([]);
  });

  it("names a cache folder that cannot be made", async () => {
    useCompiler('echo made >"$output"');
    writeFileSync(join(folder, "file"), "");
    vi.stubEnv("LAMBDA_HAT_CACHE", join(folder, "file", "cache"));
    const error = await failureOf(compileKernels(ignore));
    expect(error.code).toBe("ENVIRONMENT");
    expect(error.message).toMatch(/cannot be cached: .*Set LAMBDA_HAT_CACHE/);
  });
});

describe("createNativeBackend", () => {
  it("names a library that does not load", async () => {
    useCompiler('echo garbage >"$output"');
    const error = await failureOf(createNativeBackend({ numThreads: 1 }));
    expect(error.code).toBe("ENVIRONMENT");
    expect(error.message).toMatch(/native kernels do not load: .*Delete .*kernels-[0-9a-f]{16}\.so/);
  });
});
