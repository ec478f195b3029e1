/** Which arguments are replaced by files, and that what is replaced means the same. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { withoutPasswords } from "../../../../src/cli/sweep/hide-address.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const url = "redis://:secret@h:1/2";
const socket = "unix:///run/s?user=u&password=secret";

it.each([
  [
    ["--redis", url],
    ["--redis", "FILE"],
  ],
  [[`--redis=${url}`], ["--redis=FILE"]],
  [
    ["--redis", socket],
    ["--redis", "FILE"],
  ],
  [
    ["--set", `card.redis.url=${url}`],
    ["--set", "card.redis.url=FILE"],
  ],
  [[`--set=card.redis.url=${url}`], ["--set=card.redis.url=FILE"]],
  [
    ["--set", `card.build.redis.url="${url}"`],
    ["--set", "card.build.redis.url=FILE"],
  ],
  [
    ["--set", `card.sample.redis.url = '${url}'`],
    ["--set", "card.sample.redis.url=FILE"],
  ],
  [
    ["--set", `card.redis={url: "${url}", interface: ib0}`],
    ["--set", "card.redis.url=FILE"],
  ],
])("%j names a file instead", (args, expected) => {
  const file = join(temporaryFolder(), "redis.url");
  expect(withoutPasswords(["workflow", ...args], file)).toEqual([
    "workflow",
    ...expected.map((arg) => arg.replace("FILE", file)),
  ]);
  expect(readFileSync(file, "utf8")).toMatch(/^\S*secret\S*\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it("two addresses are kept apart, and one that is given twice is kept once", () => {
  const file = join(temporaryFolder(), "redis.url");
  const hidden = withoutPasswords(["--redis", url, `--set=card.redis.url=${socket}`, `--redis=${url}`], file);
  expect(hidden).toEqual(["--redis", file, `--set=card.redis.url=${file}-2`, `--redis=${file}`]);
  expect([file, `${file}-2`].map((path) => readFileSync(path, "utf8"))).toEqual([`${url}\n`, `${socket}\n`]);
});

it("everything else stays as it is, and nothing is written", () => {
  const args = [
    "--redis",
    "private:ib0",
    "--redis=redis://h:1",
    "--set",
    "card.redis.interface=ib0",
    "--set",
  ];
  const more = [
    "card.redis.url=/home/me/redis.json",
    "--set",
    "card.redis.url=null",
    "--set",
    "card.redis={",
  ];
  expect(withoutPasswords([...args, ...more], "/nowhere/redis.url")).toEqual([...args, ...more]);
});
