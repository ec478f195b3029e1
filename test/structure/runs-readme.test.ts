/** `runs/README.md` names every file and folder that `src/runs/layout.ts` spells. */
import { expect, it } from "vitest";
import { readTracked } from "../support/tracked-files.ts";

const layout = readTracked("src/runs/layout.ts");
const page = readTracked("runs/README.md");
const header = /^\/\*\*[\s\S]*?\*\//.exec(layout)?.[0] ?? "";

it("runs/README.md names every file and folder of src/runs/layout.ts", () => {
  const joined = [...layout.matchAll(/\bjoin\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name as string),
  );
  const listed = [...header.matchAll(/\b\w+\.(?:jsonl?|npz|nc|bin|log|yaml)\b/g)].map(([name]) => name);
  const names = [...new Set([...joined, ...listed])];
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !new RegExp(`(?<![\\w.])${name}(?![\\w])`).test(page))).toEqual([]);
});
