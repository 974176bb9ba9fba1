/** A shortest way in a graph: the nodes from one of `from` to `to`, both among them. undefined: there is none. Each node is looked at once. */
export function shortestWay<Node>(
  from: Iterable<Node>,
  to: Node,
  next: (node: Node) => Iterable<Node>,
): Node[] | undefined {
  const cameFrom = new Map<Node, Node | undefined>([...from].map((node) => [node, undefined]));
  for (const node of cameFrom.keys()) {
    if (node === to) return wayTo(node, cameFrom);
    for (const each of next(node)) if (!cameFrom.has(each)) cameFrom.set(each, node);
  }
  return undefined;
}

function wayTo<Node>(last: Node, cameFrom: ReadonlyMap<Node, Node | undefined>): Node[] {
  const way: Node[] = [];
  for (let node: Node | undefined = last; node !== undefined; node = cameFrom.get(node)) way.unshift(node);
  return way;
}
