/** Finds out that a folder cannot be written before hours of work are spent on what should go there. */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SweepError } from "./errors.ts";
import { systemErrorText } from "./system-error.ts";

/**
 * Makes `folder` and a file in it, which it deletes again.
 *
 * @param remedy what to do if that fails, a sentence: `Choose another with store_root.`
 * @throws SweepError `ENVIRONMENT`.
 */
export const requireWritable = (folder: string, remedy: string): void => {
  const probe = join(folder, `.probe.${process.pid}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (cause) {
    if (systemErrorText(cause) === null) throw cause;
    throw new SweepError("ENVIRONMENT", `folder ${folder} cannot be written. ${remedy}`, { cause });
  }
};
