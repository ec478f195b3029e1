/** NumPy archives: both ways, the same bytes, and NumPy's agreement. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeNpz, encodeNpz, type NpzArrays, readNpz, writeNpz } from "../../../src/runs/npz.ts";
import { askPython, whyNoOracle } from "../../support/python-oracle.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const arrays: NpzArrays = {
  X: { shape: [2, 3], data: Float64Array.of(1, 2.5, -0, 1e-300, 5, 6) },
  y: { shape: [2], data: Float32Array.of(0.1, 2) },
  index: { shape: [3], data: BigInt64Array.of(-1n, 0n, 2n ** 60n) },
  small: { shape: [1, 1, 2], data: Int32Array.of(-7, 7) },
  mask: { shape: [2], data: Uint8Array.of(0, 1) },
  names: { shape: [3], data: ["w", "λ̂ and more", ""] },
  scalar: { shape: [], data: Float64Array.of(3.25) },
  empty: { shape: [0, 4], data: new Float64Array(0) },
};

test("arrays of every type come back", () => {
  const path = join(temporaryFolder(), "data.npz");
  writeNpz(path, arrays);
  expect(readNpz(path)).toEqual(arrays);
});

test("equal arrays give equal bytes whatever the time and the time zone", () => {
  const zone = process.env["TZ"];
  try {
    process.env["TZ"] = "Pacific/Auckland";
    const first = encodeNpz(arrays);
    process.env["TZ"] = "America/Los_Angeles";
    expect(Buffer.from(encodeNpz(arrays)).equals(first)).toBe(true);
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
});

test("data begin on a multiple of 64 bytes within the array's file", () => {
  const bytes = Buffer.from(encodeNpz({ y: { shape: [1], data: Float64Array.of(7) } }));
  const start = bytes.indexOf("\x93NUMPY", 0, "latin1");
  expect((10 + bytes.readUInt16LE(start + 8)) % 64).toBe(0);
});

test("files that are no archives, or hold no arrays, are refused with TRACE_INVALID", () => {
  const whole = encodeNpz(arrays);
  const invalid = expect.objectContaining({ code: "TRACE_INVALID" });
  expect(() => decodeNpz(whole.subarray(0, whole.length / 2), "f.npz")).toThrow(invalid);
  expect(() => decodeNpz(Buffer.from("hello"), "f.npz")).toThrow(invalid);
});

const noOracle = whyNoOracle(["numpy"]);
const reason = noOracle === null ? "" : ` (skipped: ${noOracle})`;
test.skipIf(noOracle !== null)(`np.load reads what we write${reason}`, () => {
  const path = join(temporaryFolder(), "data.npz");
  writeNpz(path, arrays);
  const seen = askPython(
    `
import numpy as np
z = np.load(q)
print(json.dumps({k: [str(z[k].dtype), list(z[k].shape), z[k].tolist()] for k in z.files}))`,
    path,
  );
  expect(seen).toEqual({
    X: [
      "float64",
      [2, 3],
      [
        [1, 2.5, -0],
        [1e-300, 5, 6],
      ],
    ],
    y: ["float32", [2], [Math.fround(0.1), 2]],
    index: ["int64", [3], [-1, 0, 2 ** 60]],
    small: ["int32", [1, 1, 2], [[[-7, 7]]]],
    mask: ["bool", [2], [false, true]],
    names: ["<U11", [3], ["w", "λ̂ and more", ""]],
    scalar: ["float64", [], 3.25],
    empty: ["float64", [0, 4], []],
  });
});

test.skipIf(noOracle !== null)(
  `we read what np.savez_compressed writes: dtypes, Fortran order, scalars${reason}`,
  () => {
    const dir = temporaryFolder();
    const path = join(dir, "theirs.npz");
    askPython(
      `
import numpy as np
a = np.arange(24.0).reshape(2, 3, 4)
np.savez_compressed(q, c=a, fortran=np.asfortranarray(a), half=a.astype("<f4"), short=np.array([-3, 4], "<i2"),
  byte=np.array([200], "u1"), flag=np.array([True]), word=np.array(["ab", "c"]), z=np.array([2j]))
np.savez(q.replace("theirs", "plain"), a=a, one=np.float64(2))
print("null")`,
      path,
    );
    expect(() => readNpz(path)).toThrow(/theirs\.npz:z\.npy has type '<c16', which is not read/);
    const plain = readNpz(join(dir, "plain.npz"));
    expect(plain["one"]).toEqual({ shape: [], data: Float64Array.of(2) });
    askPython(
      `
import numpy as np
z = np.load(q)
np.savez_compressed(q.replace("theirs", "fine"), **{k: z[k] for k in z.files if k != "z"})
print("null")`,
      path,
    );
    const read = readNpz(join(dir, "fine.npz"));
    expect(read["c"]).toEqual({ shape: [2, 3, 4], data: Float64Array.from({ length: 24 }, (_, i) => i) });
    expect(read["half"]!.data).toEqual(Float32Array.from({ length: 24 }, (_, i) => i));
    expect([...(read["short"]!.data as Float64Array)]).toEqual([-3, 4]);
    expect([...(read["byte"]!.data as Float64Array)]).toEqual([200]);
    expect(read["flag"]!.data).toEqual(Uint8Array.of(1));
    expect(read["word"]!.data).toEqual(["ab", "c"]);
  },
);

test.skipIf(noOracle !== null)(`a Fortran-ordered array is read in its own order${reason}`, () => {
  const path = join(temporaryFolder(), "f.npz");
  askPython(
    `
import numpy as np
np.savez(q, f=np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)))
print("null")`,
    path,
  );
  expect(readNpz(path)["f"]).toEqual({
    shape: [2, 3, 4],
    data: Float64Array.from({ length: 24 }, (_, i) => i),
  });
});

test.skipIf(noOracle !== null)(
  `every type of real number, in either byte order, is read as NumPy has it${reason}`,
  () => {
    const path = join(temporaryFolder(), "types.npz");
    const seen = askPython(
      `
import numpy as np
half = np.array([0, -0.0, 1, -2.5, 65504, 2**-24, -(2**-14), 0.333], "f2")
kinds = [o + k for o in "<>" for k in ["f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8"]] + ["i1", "u1"]
arrays = {f"k{i}": (half if "f" in k else np.array([0, 1, 100])).astype(k) for i, k in enumerate(kinds)}
np.savez(q, words=np.array(["ä", "b"], ">U2"), inf=np.array([np.inf, -np.inf, np.nan], "f2"), **arrays)
print(json.dumps({k: v.tolist() for k, v in arrays.items()}))`,
      path,
    );
    const { words, inf, ...numbers } = readNpz(path);
    expect(
      Object.fromEntries(
        Object.entries(numbers).map(([name, { data }]) => [name, Array.from(data as Float64Array, Number)]),
      ),
    ).toEqual(seen);
    expect(words?.data).toEqual(["ä", "b"]);
    expect(inf?.data).toEqual(Float64Array.of(Infinity, -Infinity, NaN));
  },
);
