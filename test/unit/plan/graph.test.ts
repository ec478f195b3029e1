/** Laws of graphs of tasks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dependentsOf, downstreamOf, type GraphNode, topologicalOrder } from "../../../src/plan/graph.ts";

/** Random DAG: node i may need any earlier node; then shuffled. */
const dags = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 25 }).chain((needs) => {
  const nodes: GraphNode[] = needs.map((picks, index) => ({
    id: `n${index}`,
    needs: index === 0 ? [] : picks.map((pick) => `n${pick % index}`),
  }));
  return fc.shuffledSubarray(nodes, { minLength: nodes.length });
});

describe("topologicalOrder", () => {
  it("keeps every node and puts each after all it needs", () => {
    fc.assert(
      fc.property(dags, (nodes) => {
        const order = topologicalOrder(nodes);
        expect(new Set(order)).toEqual(new Set(nodes));
        const position = new Map(order.map(({ id }, index) => [id, index]));
        for (const { id, needs } of order) {
          for (const need of needs) expect(position.get(need)).toBeLessThan(position.get(id) as number);
        }
      }),
    );
  });

  it("keeps the given order where nothing speaks against it", () => {
    const nodes = ["c", "a", "b"].map((id) => ({ id, needs: [] }));
    expect(topologicalOrder(nodes)).toEqual(nodes);
  });

  it("calls a cycle, an unknown need and a repeated id a bug", () => {
    const cycle = [
      { id: "a", needs: ["b"] },
      { id: "b", needs: ["a"] },
      { id: "c", needs: [] },
    ];
    expect(() => topologicalOrder(cycle)).toThrow("bug: tasks that need each other in a circle: a, b");
    expect(() => topologicalOrder([{ id: "a", needs: ["x"] }])).toThrow(
      "bug: task a needs x, which is no task",
    );
    expect(() => topologicalOrder([...cycle, { id: "c", needs: [] }])).toThrow(
      "bug: two tasks have the id c",
    );
  });
});

describe("downstreamOf", () => {
  it("finds exactly the nodes from which the root can be reached", () => {
    fc.assert(
      fc.property(dags, (nodes) => {
        const dependents = dependentsOf(nodes);
        const needsOf = new Map(nodes.map(({ id, needs }) => [id, needs]));
        const reaches = (id: string, root: string): boolean =>
          (needsOf.get(id) ?? []).some((need) => need === root || reaches(need, root));
        for (const { id: root } of nodes.slice(0, 3)) {
          const expected = nodes.filter(({ id }) => reaches(id, root)).map(({ id }) => id);
          expect([...downstreamOf(root, dependents)].sort()).toEqual(expected.sort());
        }
      }),
    );
  });
});
