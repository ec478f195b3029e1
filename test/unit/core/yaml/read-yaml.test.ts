import { describe, expect, it } from "vitest";
import { plainOf } from "../../../../src/core/yaml/located.ts";
import type { Mistake } from "../../../../src/core/yaml/mistakes.ts";
import { parseYaml } from "../../../../src/core/yaml/read-yaml.ts";

const read = (text: string) => {
  const mistakes: Mistake[] = [];
  const root = parseYaml(text, "f.yaml", mistakes);
  return { plain: root === null ? null : plainOf(root), mistakes: mistakes.map(({ text: what }) => what) };
};

describe("parseYaml", () => {
  it("reads numbers as YAML 1.2 does: 1e-6 is one, yes and 1_000 are texts", () => {
    expect(read("a: 1e-6\nb: yes\nc: 1_000\nd: 0x10\ne: ~\n").plain).toEqual({
      a: 1e-6,
      b: "yes",
      c: "1_000",
      d: 16,
      e: null,
    });
  });

  it("lets a map's own keys win over merged ones, and earlier sources over later ones", () => {
    const text = "a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\nc: { <<: [*a, *b], x: 0 }\n";
    expect(read(text).plain).toMatchObject({ c: { x: 0, y: 1, z: 2 } });
  });

  it("takes the last anchor of a name before the alias", () => {
    expect(read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").plain).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });

  it("refuses to merge what is no mapping", () => {
    expect(read("a: { <<: 3 }\n").mistakes).toHaveLength(1);
  });

  it("takes Windows line ends", () => {
    expect(read("a: 1\r\nb: 2\r\n").plain).toEqual({ a: 1, b: 2 });
  });

  it("does not let a key reach the prototype", () => {
    const { mistakes } = read("__proto__: { polluted: 1 }\nconstructor: 1\n");
    expect(mistakes).toHaveLength(1);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("finds the place of every value, through flow and block style", () => {
    const mistakes: Mistake[] = [];
    const root = parseYaml("a:\n  - x: 1\n    y: [2, 3]\n", "f.yaml", mistakes);
    const list = root?.members.get("a")?.node;
    const item = list?.kind === "list" ? list.items[0] : undefined;
    const inner = item?.kind === "map" ? item.members.get("y")?.node : undefined;
    const last = inner?.kind === "list" ? inner.items[1] : undefined;
    expect([last?.path, last?.place]).toEqual(["a.0.y.1", { file: "f.yaml", line: 3, column: 12 }]);
  });
});
