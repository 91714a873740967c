import type { ExplainedPart, ExplainedVertex, PlanExplanation } from './explain-plan.ts';

const stagesOf = ({ name, what, fused }: ExplainedPart): string => {
  const stages = fused.map((stage) => (stage.name === stage.label ? stage.name : `${stage.name} (${stage.label})`));
  if (what === 'stateless') return stages.join(' + ');
  const own = name === what ? name : `${name} (${what})`;
  return [...stages, own].join(' + ');
};

const linesOf = ({ parts }: ExplainedVertex): readonly string[] =>
  parts.map((part) => `${stagesOf(part)}${part.hasState ? ' [state]' : ''}`);

/** For terminals and tests: each vertex with its parts, why it begins, and where its rows go. */
export function planText({ vertices, edges }: PlanExplanation): string {
  return vertices
    .flatMap((vertex) => [
      `${vertex.name} x${vertex.parallelism}${vertex.reason === undefined ? '' : `: ${vertex.reason}`}`,
      ...linesOf(vertex).map((line) => `  ${line}`),
      ...vertex.parts.flatMap(({ code = [] }) =>
        code.flatMap((loop) => loop.split('\n').map((line) => `    | ${line}`)),
      ),
      ...edges
        .filter(({ from }) => from === vertex.name)
        .map(({ to, routing, isFirst }) => `  -> ${to}: ${routing}${isFirst ? ', first' : ''}`),
    ])
    .join('\n');
}

const quoted = (text: string): string => JSON.stringify(text);

/** Graphviz. https://graphviz.org/doc/info/lang.html */
export function planGraphviz({ vertices, edges }: PlanExplanation): string {
  return [
    'digraph plan {',
    '  node [shape=box];',
    ...vertices.map(
      (vertex) =>
        `  ${quoted(vertex.name)} [label=${quoted(`${vertex.name} x${vertex.parallelism}\n${linesOf(vertex).join('\n')}`)}];`,
    ),
    ...edges.map(({ from, to, routing }) => `  ${quoted(from)} -> ${quoted(to)} [label=${quoted(routing)}];`),
    '}',
  ].join('\n');
}

/** In quotes Mermaid takes any text but quotes and markup. https://mermaid.js.org/syntax/flowchart.html#special-characters-that-break-syntax */
const escaped = (text: string): string =>
  text.replaceAll('&', '#amp;').replaceAll('"', '#quot;').replaceAll('<', '#lt;').replaceAll('>', '#gt;');

/** Mermaid, which code hosts and wikis draw. */
export function planMermaid({ vertices, edges }: PlanExplanation): string {
  const ids = new Map(vertices.map(({ name }, index) => [name, `v${index}`]));
  return [
    'flowchart LR',
    ...vertices.map((vertex) => {
      const label = [`${vertex.name} x${vertex.parallelism}`, ...linesOf(vertex)].map(escaped).join('<br>');
      return `  ${ids.get(vertex.name)!}["${label}"]`;
    }),
    ...edges.map(({ from, to, routing }) => `  ${ids.get(from)!} -- ${routing} --> ${ids.get(to)!}`),
  ].join('\n');
}
