/** Which backend is opened, and what the user is told; the compiled backends are replaced by stand-ins. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../../../src/compute/backend.ts";
import { probeBackends, selectBackend } from "../../../src/compute/select-backend.ts";
import { SweepError } from "../../../src/core/errors.ts";

type Opener = (options: { numThreads: number; onProgress?: (line: string) => void }) => Promise<Backend>;
const openers = vi.hoisted(() => ({ native: null as Opener | null, wasm: null as Opener | null }));
vi.mock("../../../src/compute/native/native-backend.ts", () => ({
  createNativeBackend: (options: Parameters<Opener>[0]) => openers.native?.(options),
}));
vi.mock("../../../src/compute/wasm/wasm-backend.ts", () => ({
  createWasmBackend: (options: Parameters<Opener>[0]) => openers.wasm?.(options),
}));

const opens =
  (name: "native" | "wasm"): Opener =>
  async ({ numThreads }) => ({
    name,
    description: `${name}: stand-in`,
    vectorBytes: 16,
    numThreads,
    open: () => {
      throw new Error("bug: a stand-in");
    },
    close: () => undefined,
  });
const fails =
  (message: string): Opener =>
  () =>
    Promise.reject(new Error(message));

beforeEach(() => {
  openers.native = opens("native");
  openers.wasm = opens("wasm");
});

describe("selectBackend", () => {
  it("auto is native, without a warning", async () => {
    const onWarning = vi.fn<(message: string) => void>();
    const backend = await selectBackend({ name: "auto", numThreads: 3, onWarning });
    expect([backend.name, backend.numThreads]).toEqual(["native", 3]);
    expect(onWarning).not.toHaveBeenCalled();
  });

  it("auto is wasm with one warning that names the cause where native fails", async () => {
    openers.native = fails("cc: not found");
    const onWarning = vi.fn<(message: string) => void>();
    expect((await selectBackend({ name: "auto", numThreads: 1, onWarning })).name).toBe("wasm");
    expect(onWarning).toHaveBeenCalledTimes(1);
    expect(onWarning.mock.calls[0]?.[0]).toMatch(/wasm.*native.*cc: not found/s);
  });

  it("a named backend that fails is an ENVIRONMENT error with cause and advice, not another backend", async () => {
    openers.native = fails("cc: not found");
    const failure = await selectBackend({ name: "native", numThreads: 1 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SweepError);
    expect(failure).toMatchObject({
      code: "ENVIRONMENT",
      message:
        "backend native does not work here: cc: not found. Install a C compiler (cc), or use backend wasm.",
      cause: new Error("cc: not found"),
    });
  });

  it("a SweepError of the backend itself passes through", async () => {
    const own = new SweepError("ENVIRONMENT", "no compiler: cc is not on PATH.");
    openers.native = () => Promise.reject(own);
    await expect(selectBackend({ name: "native", numThreads: 1 })).rejects.toBe(own);
  });

  it("reference needs nothing", async () => {
    openers.native = openers.wasm = fails("gone");
    expect((await selectBackend({ name: "reference", numThreads: 4 })).numThreads).toBe(1);
  });

  it("hands progress lines on", async () => {
    openers.native = async (options) => {
      options.onProgress?.("compiling");
      return opens("native")(options);
    };
    const onProgress = vi.fn<(line: string) => void>();
    await selectBackend({ name: "auto", numThreads: 1, onProgress });
    expect(onProgress).toHaveBeenCalledWith("compiling");
  });
});

describe("probeBackends", () => {
  it("lists every backend with its description, or why it does not work", async () => {
    openers.native = fails("cc: not found");
    expect(await probeBackends()).toEqual([
      { name: "native", isUsable: false, detail: expect.stringContaining("cc: not found") as string },
      { name: "wasm", isUsable: true, detail: "wasm: stand-in" },
      { name: "reference", isUsable: true, detail: expect.stringContaining("reference:") as string },
    ]);
  });
});
