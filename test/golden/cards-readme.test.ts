/** `cards/README.md` explains every key of every type of card, with its default, and no others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { executorSchema, localCardSchema } from "../../src/cards/local-card-schema.ts";
import { commandCardSchema, slurmCardSchema } from "../../src/cards/pilot-card-schema.ts";
import { packageRoot } from "../../src/core/package-root.ts";

const text = readFileSync(join(packageRoot, "cards", "README.md"), "utf8");
const sectionOf = (type: string): string =>
  text.split(/^## /m).find((part) => part.startsWith(`\`type: ${type}\``)) ?? "";

/** Keys of the first column of all tables in a text; `a.b` counts as `a`. */
const explained = (section: string): ReadonlySet<string> =>
  new Set(
    section
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .flatMap((line) =>
        [...(line.split("|")[1] ?? "").matchAll(/`([\w.]+)`/g)].map((match) => match[1] as string),
      )
      .map((key) => key.split(".")[0] as string),
  );
const keysOf = (schema: z.ZodObject): readonly string[] => Object.keys(schema.shape);

describe("cards/README.md", () => {
  it("explains every key of a local card and of its executors, and no others", () => {
    const keys = new Set([...keysOf(localCardSchema), ...keysOf(executorSchema)]);
    expect([...explained(sectionOf("local"))].toSorted()).toEqual([...keys].toSorted());
  });

  it("explains every key of a SLURM card, and no others", () => {
    expect([...explained(sectionOf("slurm"))].toSorted()).toEqual(keysOf(slurmCardSchema).toSorted());
  });

  it("explains what a command card has beyond a SLURM card, and says which keys it shares", () => {
    const own = explained(sectionOf("command"));
    const shared = new Set(keysOf(slurmCardSchema));
    const missing = keysOf(commandCardSchema).filter((key) => !own.has(key) && !shared.has(key));
    expect(missing).toEqual([]);
    expect([...own].filter((key) => !keysOf(commandCardSchema).includes(key))).toEqual([]);
  });

  it("names the mappings' keys too", () => {
    for (const key of ["via", "min_interval", "cmd_timeout", "fails_to_pause", "start_fails_to_pause"])
      expect(text).toContain(`submit.${key}`);
    for (const key of ["status.command", "status.interval", "redis.url", "redis.interface"])
      expect(text).toContain(key);
  });
});
