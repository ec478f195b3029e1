/** Two sweeps that share a store, a target and a cell, at the same time: what they share is done once. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasBuild, startCommand } from "../support/command-line.ts";
import { contentsOf, filesUnder } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const experiment = (name: string, own: number): string => `
experiment: ${name}
training: { steps: 3000 }
posterior: { gamma: 100 }
targets: [{ model: base, data: base, seed: 3 }]
samplers:
  - { name: hmc, overrides: { draws: 300, warmup: 100 } }
  - { name: hmc, overrides: { draws: ${own}, warmup: 20 } }
`;

describe.skipIf(!hasBuild)("sweeps that share a store (needs a build)", { timeout: 120_000 }, () => {
  it("wait for each other where they want the same, and do it once", async () => {
    const folder = temporaryFolder();
    const sweeps = [20, 30].map((own, index) => {
      const file = `${index}.yaml`;
      writeFileSync(join(folder, file), experiment(`together-${index}`, own));
      return startCommand(["workflow", "llc", "--config", file, "--local", "--slots=1", "--backend=wasm"], {
        cwd: folder,
      });
    });
    for (const { ended } of sweeps) {
      const { code, stdout, stderr } = await ended;
      expect(`${stdout}${stderr}`).toContain("2 rows, 2 ok");
      expect(code).toBe(0);
    }
    const attempts = [...contentsOf(join(folder, "runs"), ["attempt.json"]).values()].map(
      (bytes) => (JSON.parse(bytes.toString()) as { attempt: number }).attempt,
    );
    expect(attempts).toEqual([1, 1, 1, 1]);
    expect(filesUnder(folder).filter((path) => path.endsWith("working.json"))).toEqual([]);
  });
});
