/** Laws of what the operating system's errors become. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { errorRecordOf, SweepError } from "../../../src/core/errors.ts";
import { requireWritable } from "../../../src/core/require-writable.ts";
import { systemErrorText } from "../../../src/core/system-error.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const thrownBy = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

it("a failed system call is the environment's fault and names the call, the path and the reason", () => {
  const path = join(temporaryFolder(), "absent");
  const record = errorRecordOf(thrownBy(() => readFileSync(path)));
  expect(record.code).toBe("ENVIRONMENT");
  expect(record.message).toBe(`cannot open ${path}: no such file or directory (ENOENT). Check that path.`);
});

it("a full disk has a remedy although the system names no path", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
    syscall: "write",
  });
  expect(systemErrorText(full)).toBe(
    "cannot write: no space left on device (ENOSPC). Free some disk space; finished work is kept.",
  );
});

const errorOf = (code: string): Error =>
  Object.assign(new Error(`${code}: reason, write`), { code, syscall: "write" });

it.each([
  "EIO",
  "EAGAIN",
  "EBUSY",
  "ESTALE",
  "ENOSPC",
  "EDQUOT",
  "EMFILE",
  "ENFILE",
  "ETIMEDOUT",
  "ECONNRESET",
  "ENOMEM",
  "EINTR",
])("%s may be gone the next time: retryable, also as the cause of an error of ours", (code) => {
  const record = errorRecordOf(errorOf(code));
  expect(record).toMatchObject({ code: "ENVIRONMENT", isRetryable: true });
  expect(record.message).toMatch(/^cannot write: reason \(\w+\)\. [A-Z].*\.$/);
  const wrapped = new SweepError("TRACE_INVALID", "x cannot be read.", { cause: errorOf(code) });
  expect(errorRecordOf(wrapped)).toMatchObject({ code: "TRACE_INVALID", isRetryable: true });
});

it.each(["ENOENT", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "EROFS", "EXDEV"])(
  "%s stays: not retryable",
  (code) => {
    expect(errorRecordOf(errorOf(code))).toMatchObject({ isRetryable: false });
    expect(errorRecordOf(new SweepError("NOT_FOUND", "x", { cause: errorOf(code) }))).toMatchObject({
      isRetryable: false,
    });
  },
);

it("an error of a program with the name of a system error is none", () => {
  expect(errorRecordOf(Object.assign(new Error("x"), { code: "EIO" })).isRetryable).toBe(false);
});

it.each([
  new Error("bug: x"),
  Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_TYPE" }),
  "text",
  undefined,
])("%s is no error of the system", (error) => {
  expect(systemErrorText(error)).toBeNull();
});

it("requireWritable leaves nothing behind, and says what to do about a folder that cannot be", () => {
  const folder = temporaryFolder();
  requireWritable(join(folder, "new"), "");
  const file = join(folder, "file");
  writeFileSync(file, "");
  const record = errorRecordOf(thrownBy(() => requireWritable(join(file, "runs"), "Choose another.")));
  expect(record).toMatchObject({
    code: "ENVIRONMENT",
    message: `folder ${join(file, "runs")} cannot be written. Choose another.`,
  });
});
