/** Everything behind a node, each once, however many ways lead there: ways double at each fork that is merged again. */
export function reachableFrom<Node>(start: Node, readersOf: (node: Node) => readonly Node[]): readonly Node[] {
  const reached = new Set(readersOf(start));
  // A set gives what is added while it is gone through.
  for (const node of reached) for (const reader of readersOf(node)) reached.add(reader);
  return [...reached];
}
