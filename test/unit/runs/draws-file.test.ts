/** Draws from .nc, .npz, .npy, .csv and .json files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { readDrawsFile } from "../../../src/runs/draws-file.ts";
import { encodeNpy } from "../../../src/runs/npy.ts";
import { writeNpz } from "../../../src/runs/npz.ts";
import { writeTrace } from "../../../src/runs/trace-format.ts";
import { askPython, whyNoOracle } from "../../support/python-oracle.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const twoChains = [Float64Array.of(1, 2, 3), Float64Array.of(4, 5, 6)];
const fileWith = (name: string, content: string | Uint8Array): string => {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
};

test("json: lists [chain][draw], deeper lists by entry, null as NaN", async () => {
  const content = {
    x: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    v: [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, null],
      ],
    ],
    note: "no draws",
    names: ["a", "b"],
  };
  expect(await readDrawsFile(fileWith("d.json", JSON.stringify(content)))).toEqual([
    { name: "x", draws: twoChains },
    { name: "v[0]", draws: [Float64Array.of(1, 3), Float64Array.of(5, 7)] },
    { name: "v[1]", draws: [Float64Array.of(2, 4), Float64Array.of(6, Number.NaN)] },
  ]);
});

test("json: one list of draws is one chain; a list alone is x", async () => {
  expect(await readDrawsFile(fileWith("d.json", '{"a": [1, 2, 3]}'))).toEqual([
    { name: "a", draws: [Float64Array.of(1, 2, 3)] },
  ]);
  expect(await readDrawsFile(fileWith("d.json", "[[1,2,3],[4,5,6]]"))).toEqual([
    { name: "x", draws: twoChains },
  ]);
});

test("csv: chain and draw columns say where a line belongs", async () => {
  const content = "chain,draw,x,y\r\n2,1,5,0\n2,0,4,0\n1,0,1,\n1,2,3,-inf\n1,1,2,true\n2,2,6,1e-3\n";
  expect(await readDrawsFile(fileWith("d.csv", content))).toEqual([
    { name: "x", draws: twoChains },
    {
      name: "y",
      draws: [Float64Array.of(Number.NaN, 1, Number.NEGATIVE_INFINITY), Float64Array.of(0, 0, 1e-3)],
    },
  ]);
});

test("csv: without a chain column all lines are one chain", async () => {
  expect(await readDrawsFile(fileWith("d.csv", '# note\n"x"\n1\n2\n3\n'))).toEqual([
    { name: "x", draws: [Float64Array.of(1, 2, 3)] },
  ]);
});

const labelled = [
  [
    "text labels",
    "chain,draw,x\nchain_10,0,4\nchain_10,1,5\nchain_10,2,6\nchain_2,0,1\nchain_2,1,2\nchain_2,2,3\n",
  ],
  [
    "quoted cells",
    '"chain","draw","x"\n"1","0","1"\n"1","1","2"\n"1","2","3"\n"2","0","4"\n"2","1","5"\n"2","2","6"\n',
  ],
  ["semicolons", "chain;draw;x\n0;0;1\n0;1;2\n0;2;3\n1;0;4\n1;1;5\n1;2;6\n"],
  [
    "tabs, a byte order mark and a note",
    "\uFEFF# from R\nchain\tdraw\tx\r\n0\t0\t1\r\n0\t1\t2\r\n0\t2\t3\r\n1\t0\t4\r\n1\t1\t5\r\n1\t2\t6\r\n",
  ],
  ["capitals", "Chain,Draw,x\n0,0,1\n0,1,2\n0,2,3\n1,0,4\n1,1,5\n1,2,6\n"],
  [
    "the columns of R's posterior, with row names",
    '"","x",".chain",".iteration",".draw"\n"1",4,2,1,4\n"2",6,2,3,6\n"3",5,2,2,5\n"4",1,1,1,1\n"5",2,1,2,2\n"6",3,1,3,3\n',
  ],
  ["an order beyond the chain", "x,.draw,.chain\n2,2,1\n1,1,1\n3,3,1\n6,6,2\n5,5,2\n4,4,2\n"],
] as const;
test.each(labelled)("csv: %s", async (_, content) => {
  expect(await readDrawsFile(fileWith("d.csv", content))).toEqual([{ name: "x", draws: twoChains }]);
});

test("csv: quoted names may hold the separator, a quote and a line break; beside ; a comma is a decimal point", async () => {
  const content = '"theta[1,2]","a ""b""\nc"\n"1.5",-1e3\n2,\n';
  expect(await readDrawsFile(fileWith("d.csv", content))).toEqual([
    { name: "theta[1,2]", draws: [Float64Array.of(1.5, 2)] },
    { name: 'a "b"\nc', draws: [Float64Array.of(-1000, Number.NaN)] },
  ]);
  expect(await readDrawsFile(fileWith("d.csv", "x;y\n1,5;-,25\n2;1,5e-3\n"))).toEqual([
    { name: "x", draws: [Float64Array.of(1.5, 2)] },
    { name: "y", draws: [Float64Array.of(-0.25, 0.0015)] },
  ]);
});

test.each([
  ["x,name\n1,a\n2,b\n", /has no number in column "name"; expected numbers/],
  ["1,2\n3,4\n", /has numbers in its first line; expected the names/],
  ["chain,x\n1,1\n,2\n", /has no chain in line 3/],
  ["# note\n\ndraw,x\n1,1\nlast,2\n", /has "last" as draw in line 5; expected a number/],
  ["chain,.chain,x\n1,1,1\n", /has the columns "chain" and ".chain"/],
  ["x,x\n1,1\n", /has two columns "x"/],
  ["x,y\n1,2\n3\n", /has 1 cells in line 3; expected 2/],
  ["", /has no draws below its header/],
  ["x\n", /has no draws below its header/],
])("csv %j is refused: %s", async (content, message) => {
  await expect(readDrawsFile(fileWith("d.csv", content))).rejects.toMatchObject({
    code: "TRACE_INVALID",
    message: expect.stringMatching(message),
  });
});

test("npz: arrays without real numbers are left out with a note", async () => {
  const path = join(temporaryFolder(), "d.npz");
  const x = encodeNpy({ shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) });
  const typed = (description: string): Uint8Array =>
    Buffer.from(Buffer.from(x).toString("latin1").replace("'<f8'", description), "latin1");
  const entries = { "x.npy": x, "z.npy": typed("'<c4'"), "o.npy": typed("'|O8'"), "s.npy": typed("[(a)]") };
  writeFileSync(path, zipSync(entries));
  const notes: string[] = [];
  expect(await readDrawsFile(path, (note) => notes.push(note))).toEqual([{ name: "x", draws: twoChains }]);
  expect(notes).toEqual(
    [
      ["z", "<c4"],
      ["o", "|O8"],
      ["s", "structured"],
    ].map(([name, type]) => `${path}: ${name} is left out, because it holds no real numbers (type ${type})`),
  );
});

test("npz and npy: arrays of numbers, texts left out", async () => {
  const path = join(temporaryFolder(), "d.npz");
  writeNpz(path, {
    x: { shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) },
    m: { shape: [1, 2, 1, 2], data: BigInt64Array.of(1n, 2n, 3n, 4n) },
    names: { shape: [1], data: ["a"] },
  });
  expect(await readDrawsFile(path)).toEqual([
    { name: "x", draws: twoChains },
    { name: "m[0, 0]", draws: [Float64Array.of(1, 3)] },
    { name: "m[0, 1]", draws: [Float64Array.of(2, 4)] },
  ]);
  const npy = fileWith("theta.npy", encodeNpy({ shape: [3], data: Float32Array.of(1, 2, 3) }));
  expect(await readDrawsFile(npy)).toEqual([{ name: "theta", draws: [Float64Array.of(1, 2, 3)] }]);
});

test("nc: the posterior of a trace", async () => {
  const path = join(temporaryFolder(), "trace.nc");
  const variables = [
    { group: "posterior", name: "llc", read: () => twoChains },
    { group: "sample_stats", name: "energy", read: () => twoChains },
  ] as const;
  await writeTrace(path, { numChains: 2, numDraws: 3, variables, attributes: {} });
  expect(await readDrawsFile(path)).toEqual([{ name: "llc", draws: twoChains }]);
});

test.each([
  ["d.txt", "1", "USAGE"],
  ["d.json", "{", "TRACE_INVALID"],
  ["d.json", "3", "TRACE_INVALID"],
  ["d.json", "{}", "TRACE_INVALID"],
  ["d.json", "[]", "TRACE_INVALID"],
  ["d.json", "[[], []]", "TRACE_INVALID"],
  ["d.json", '{"x": [1, 2], "y": []}', "TRACE_INVALID"],
  ["d.json", '{"x": [1, "2"]}', "TRACE_INVALID"],
  ["d.json", '{"x": [[1, 2], [3]]}', "TRACE_INVALID"],
  ["d.json", '{"x": [[1, [2]], [3, 4]]}', "TRACE_INVALID"],
  ["d.csv", "x,y\n1\n", "TRACE_INVALID"],
  ["d.csv", "chain,x\n0,1\n0,2\n1,3\n", "TRACE_INVALID"],
  ["d.npz", "zip?", "TRACE_INVALID"],
  ["d.npy", "array?", "TRACE_INVALID"],
  ["d.nc", "hdf?", "TRACE_INVALID"],
])("%s with content %j is refused with %s", async (name, content, code) => {
  await expect(readDrawsFile(fileWith(name, content))).rejects.toMatchObject({ code });
});

test.each(["x.nc", "x.npz", "x.csv", "x.json"])("%s that is not there is NOT_FOUND", async (name) => {
  await expect(readDrawsFile(join(temporaryFolder(), name))).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test.each(["x.npz", "x.csv", "x.json"])("a folder %s is NOT_FOUND", async (name) => {
  const path = join(temporaryFolder(), name);
  mkdirSync(path);
  await expect(readDrawsFile(path)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

const noOracle = whyNoOracle(["arviz", "h5netcdf"]);
test.skipIf(noOracle !== null)(
  `nc: arrays that ArviZ wrote${noOracle === null ? "" : ` (skipped: ${noOracle})`}`,
  async () => {
    const path = join(temporaryFolder(), "az.nc");
    askPython(
      `
import arviz as az, numpy as np
az.from_dict(posterior={"theta": np.arange(12.0).reshape(2, 3, 2), "k": np.arange(6).reshape(2, 3)}).to_netcdf(q, engine="h5netcdf")
print("null")`,
      path,
    );
    const variables = await readDrawsFile(path);
    expect(variables).toContainEqual({
      name: "theta[1]",
      draws: [Float64Array.of(1, 3, 5), Float64Array.of(7, 9, 11)],
    });
    expect(variables).toContainEqual({
      name: "k",
      draws: [Float64Array.of(0, 1, 2), Float64Array.of(3, 4, 5)],
    });
  },
);
