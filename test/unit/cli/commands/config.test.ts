import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { configCommand } from "../../../../src/cli/commands/config.ts";
import { presetsCommand } from "../../../../src/cli/commands/presets.ts";
import { packageRoot } from "../../../../src/core/package-root.ts";
import { experimentText, withFolder } from "../../../support/experiment-file.ts";

const shipped = join(packageRoot, "config", "experiments.yaml");

/** What a command writes to stdout. */
const outputOf = (command: "config" | "presets", ...args: readonly string[]): string => {
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  const built = command === "config" ? configCommand() : presetsCommand();
  built.exitOverride().parse(args, { from: "user" });
  return written.join("");
};

afterEach(() => vi.restoreAllMocks());

describe("lambda-hat config", () => {
  it("check counts targets, samplers and cells", () => {
    expect(JSON.parse(outputOf("config", "check", shipped, "--json"))).toMatchObject({
      ok: true,
      targets: 3,
      samplers: 4,
      cells: 12,
    });
  });

  it("check and show take the file by position or by --config, not by both", () => {
    const named = outputOf("config", "check", "--config", shipped);
    vi.restoreAllMocks();
    expect(named).toBe(outputOf("config", "check", shipped));
    expect(outputOf("config", "show", "--config", shipped)).toContain("samplers:");
    for (const name of ["check", "show"]) {
      const both = () => outputOf("config", name, shipped, "--config", shipped);
      expect(both).toThrow(expect.objectContaining({ code: "USAGE" }));
    }
  });

  it("check throws CONFIG_INVALID for a wrong --set", () => {
    const wrong = () => outputOf("config", "check", shipped, "--set", "targets.0.seed=-1");
    expect(wrong).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("show prints YAML with every --set worked out", () => {
    withFolder({ "x.yaml": experimentText("- { model: tiny, data: tiny, seed: 1 }") }, (folder) => {
      const shown = outputOf("config", "show", join(folder, "x.yaml"), "--set", "targets.0.seed=5..6");
      expect(shown.match(/^ {4}seed: \d+$/gm)).toEqual(["    seed: 5", "    seed: 6", "    seed: 12345"]);
    });
  });

  it("schema prints JSON, and the tables of keys on request", () => {
    expect(JSON.parse(outputOf("config", "schema"))).toMatchObject({ type: "object" });
    expect(outputOf("config", "schema", "--markdown")).toContain("| `step_size` |");
  });
});

describe("lambda-hat presets", () => {
  it("ls lists one kind", () => {
    const found = JSON.parse(
      outputOf("presets", "ls", "--config", shipped, "--kind", "teacher", "--json"),
    ) as {
      name: string;
    }[];
    expect(found.map(({ name }) => name)).toEqual(["_null", "base", "small"]);
  });

  it("ls prints a table that can be searched line by line", () => {
    expect(outputOf("presets", "ls", "--config", shipped)).toMatch(/^model +wide +Two hidden layers/m);
  });
});
