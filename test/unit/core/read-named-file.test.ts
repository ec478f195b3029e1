/** What is said of a wrong name. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readNamedFile } from "../../../src/core/read-named-file.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const options = { expected: "a table" };

it("gives the bytes of a file", () => {
  const path = join(temporaryFolder(), "a");
  writeFileSync(path, "content");
  expect(readNamedFile(path, options).toString()).toBe("content");
});

it("tells an absent file, a file used as a folder, and a folder", () => {
  const folder = temporaryFolder();
  const [file, dir] = [join(folder, "file"), join(folder, "dir")];
  writeFileSync(file, "");
  mkdirSync(dir);
  const notFound = (message: string) => expect.objectContaining({ code: "NOT_FOUND", message });
  const absent = `file ${join(file, "x")} does not exist; expected a table. Name another file.`;
  expect(() => readNamedFile(join(file, "x"), options)).toThrow(notFound(absent));
  expect(() => readNamedFile(dir, options)).toThrow(
    notFound(`${dir} is a folder; expected a table. Name a file.`),
  );
  expect(() => readNamedFile(join(folder, "y"), { ...options, absent: "none yet." })).toThrow(
    notFound("none yet."),
  );
});
