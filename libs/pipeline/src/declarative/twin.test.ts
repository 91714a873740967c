import { describe, expect, it } from '@jest/globals';
import { AggregateOperations } from '@millrace/operators';
import type { PipelineGraph } from '../graph/pipeline-graph.ts';
import {
  buildGraph,
  explainPlan,
  Pipeline,
  parsePipeline,
  planGraph,
  RegisteredSinks,
  RegisteredSources,
  session,
  sliding,
} from '../index.ts';

const { counting, coAggregate, toList } = AggregateOperations;

/** The DAG without what the stateless stages in it are called: vertices, what has state in them, edges. */
function shape(graph: PipelineGraph) {
  const { vertices, edges } = explainPlan(planGraph(graph, { threads: 4 }));
  return {
    vertices: vertices
      .map(({ name, parallelism, parts }) => ({
        name,
        parallelism,
        state: parts.filter(({ hasState }) => hasState).map((part) => part.name),
      }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    edges: edges.map(({ from, to, routing }) => `${from} -> ${to}: ${routing}`).sort(),
  };
}

const declarative = (stages: Record<string, unknown>) => shape(buildGraph(parsePipeline({ name: 'twin', stages })));
const tables = ['public.sales'];
const sink = RegisteredSinks.rows<object>('warehouse', {
  columns: { product: 'text', count: 'int8' },
  key: ['product'],
});
const changes = (p: Pipeline) => p.readFrom(RegisteredSources.changes('shop', { tables }));
const product = ({ after }: { after: unknown }): string => (after as { product: string }).product;

describe('a declarative job and its twin in TypeScript have the same DAG', () => {
  it.each([
    ['a sliding window', { sliding: '1m', by: '10s' }, sliding(60_000, 10_000)],
    ['sessions', { session: '5m' }, session(300_000)],
  ])('with %s', (_name, window, definition) => {
    const p = Pipeline.create();
    changes(p)
      .withNativeTimestamps(0)
      .setName('counted-timestamps')
      .filter(({ op }) => op === 'c')
      .groupingKey(product)
      .window(definition)
      .aggregate(counting())
      .setName('counted')
      .map(({ key, result }) => ({ product: key, count: result }))
      .writeTo(sink);
    expect(
      declarative({
        shop: { source: 'shop', tables },
        new: { input: 'shop', filter: "event.op = 'c'" },
        counted: { input: 'new', window, groupBy: ['product'], aggregate: { count: 'count(*)' } },
        warehouse: { input: 'counted', sink: 'warehouse' },
      }),
    ).toEqual(shape(p.graph));
  });

  it('with a running aggregate', () => {
    const p = Pipeline.create();
    changes(p)
      .withNativeTimestamps(0)
      .setName('counted-timestamps')
      .groupingKey(product)
      .rollingAggregate(counting())
      .setName('counted')
      .map(({ key, result }) => ({ product: key, count: result }))
      .writeTo(sink);
    expect(
      declarative({
        shop: { source: 'shop', tables },
        counted: { input: 'shop', groupBy: ['product'], aggregate: { count: 'count(*)' } },
        warehouse: { input: 'counted', sink: 'warehouse' },
      }),
    ).toEqual(shape(p.graph));
  });

  it('with a join of two streams', () => {
    const p = Pipeline.create();
    const side = (name: string, which: string) =>
      p
        .readFrom(RegisteredSources.changes(name, { tables }))
        .withNativeTimestamps(0)
        .setName(`pairs-timestamps-${which}`);
    side('shop', 'left')
      .groupingKey(product)
      .window(sliding(60_000, 60_000))
      .aggregate2(side('bank', 'right').groupingKey(product), coAggregate(toList<object>(), toList<object>()))
      .setName('pairs')
      .map(({ key }) => ({ product: key, count: 1 }))
      .writeTo(sink);
    expect(
      declarative({
        shop: { source: 'shop', tables },
        bank: { source: 'bank', tables },
        pairs: {
          input: 'shop',
          join: { with: 'bank', on: { product: 'product' }, window: { tumbling: '1m' }, key: ['product'] },
          select: { product: 'shop.product' },
        },
        warehouse: { input: 'pairs', sink: 'warehouse' },
      }),
    ).toEqual(shape(p.graph));
  });
});
