import { describe, expect, it } from '@jest/globals';
import { AggregateOperations } from '@millrace/operators';
import { explainPlan, Pipeline, planGraph, planGraphviz, planMermaid, planText, Sinks, TestSources } from '../index.ts';

function plan(): ReturnType<typeof planGraph> {
  const p = Pipeline.create();
  p.readFrom(TestSources.items('a"b', '<c>'))
    .setName('words "<all>"')
    .map((word) => word.length)
    .groupingKey((length) => length)
    .aggregate(AggregateOperations.counting())
    .writeTo(Sinks.noop());
  return planGraph(p.graph, { threads: 3 });
}

describe('explaining a plan', () => {
  it('is plain data', () => {
    const explained = explainPlan(plan());
    expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
    expect(explained.edges).toEqual([
      {
        from: 'words "<all>"',
        to: 'aggregate',
        routing: 'partitioned',
        why: 'rows of one key meet at one instance',
        isFirst: false,
      },
    ]);
    expect(explained.vertices[0]!.parts.map(({ name, hasState, fused }) => ({ name, hasState, fused }))).toEqual([
      { name: 'words "<all>"', hasState: true, fused: [] },
      { name: 'aggregate-accumulate', hasState: false, fused: [{ name: 'map', label: 'map' }] },
    ]);
  });

  it('shows the generated loops when asked, and nothing of what users wrote in them', () => {
    const { vertices } = explainPlan(plan(), { verbose: true });
    const loops = vertices.flatMap(({ parts }) => parts.flatMap(({ code = [] }) => code));
    expect(loops).toHaveLength(2);
    for (const loop of loops) expect(loop).toContain('for (; i < n; i++) {');
    expect(loops.join()).not.toContain('length)');
    expect(planText(explainPlan(plan(), { verbose: true }))).toContain('    | for (; i < n; i++) {');
  });

  it('draws for Graphviz', () => {
    expect(planGraphviz(explainPlan(plan()))).toBe(
      [
        'digraph plan {',
        '  node [shape=box];',
        String.raw`  "words \"<all>\"" [label="words \"<all>\" x1\nwords \"<all>\" (source) [state]\nmap + aggregate-accumulate (accumulate by key and frame)"];`,
        String.raw`  "aggregate" [label="aggregate x3\naggregate (combine to windows) [state]\nnoop (sink) [state]"];`,
        String.raw`  "words \"<all>\"" -> "aggregate" [label="partitioned"];`,
        '}',
      ].join('\n'),
    );
  });

  it('draws for Mermaid, where names cannot break out', () => {
    expect(planMermaid(explainPlan(plan()))).toBe(
      [
        'flowchart LR',
        '  v0["words #quot;#lt;all#gt;#quot; x1<br>words #quot;#lt;all#gt;#quot; (source) [state]<br>map + aggregate-accumulate (accumulate by key and frame)"]',
        '  v1["aggregate x3<br>aggregate (combine to windows) [state]<br>noop (sink) [state]"]',
        '  v0 -- partitioned --> v1',
      ].join('\n'),
    );
  });
});
