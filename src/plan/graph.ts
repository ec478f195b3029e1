/** Directed acyclic graphs of named nodes: order, dependents, and the mistakes a graph can have. */

/** A node that names the nodes it needs. */
export interface GraphNode {
  readonly id: string;
  readonly needs: readonly string[];
}

/**
 * Nodes in an order in which each comes after all it needs; otherwise in the order given (Kahn's algorithm, first in
 * first out).
 * @throws bug on a repeated id, a need that is no node, or a cycle: a planner must never make one.
 */
export const topologicalOrder = <Node extends GraphNode>(nodes: readonly Node[]): readonly Node[] => {
  const numOpen = openNeedsOf(nodes);
  const dependents = dependentsOf(nodes);
  const ready = nodes.filter((node) => numOpen.get(node.id) === 0).map(({ id }) => id);
  for (let next = 0; next < ready.length; next++) {
    for (const dependent of dependents.get(ready[next] as string) ?? []) {
      const left = (numOpen.get(dependent) as number) - 1;
      numOpen.set(dependent, left);
      if (left === 0) ready.push(dependent);
    }
  }
  if (ready.length < nodes.length) {
    const stuck = [...numOpen].filter(([, left]) => left > 0).map(([id]) => id);
    throw new Error(`bug: tasks that need each other in a circle: ${stuck.join(", ")}`);
  }
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  return ready.map((id) => nodeOf.get(id) as Node);
};

const openNeedsOf = (nodes: readonly GraphNode[]): Map<string, number> => {
  const numOpen = new Map<string, number>();
  for (const node of nodes) {
    if (numOpen.has(node.id)) throw new Error(`bug: two tasks have the id ${node.id}`);
    numOpen.set(node.id, new Set(node.needs).size);
  }
  for (const node of nodes) {
    const missing = node.needs.find((need) => !numOpen.has(need));
    if (missing !== undefined) throw new Error(`bug: task ${node.id} needs ${missing}, which is no task`);
  }
  return numOpen;
};

/** Ids of the nodes that need each node directly; nodes that nothing needs have no entry. */
export const dependentsOf = (nodes: readonly GraphNode[]): ReadonlyMap<string, readonly string[]> => {
  const dependents = new Map<string, string[]>();
  for (const node of nodes) {
    for (const need of new Set(node.needs)) {
      const list = dependents.get(need);
      if (list === undefined) dependents.set(need, [node.id]);
      else list.push(node.id);
    }
  }
  return dependents;
};

/** Ids of all nodes that need `id`, directly or through others, nearest first; without `id` itself. */
export const downstreamOf = (
  id: string,
  dependents: ReadonlyMap<string, readonly string[]>,
): readonly string[] => {
  const found = new Set<string>([id]);
  for (const node of found) for (const dependent of dependents.get(node) ?? []) found.add(dependent);
  found.delete(id);
  return [...found];
};
