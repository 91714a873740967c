import { describe, expect, it } from '@jest/globals';
import { ConnectorRegistry, defineSink, defineSource, type Resolved } from '@millrace/connector-contract';
import { z } from 'zod';
import { planPipeline } from './plan.ts';
import { parsePipeline } from './validate.ts';

const made: {
  readonly role: string;
  readonly stage: string;
  readonly options: Resolved<unknown, unknown> & { sinksShowRowsAtOnce?: boolean };
}[] = [];
const config = z.strictObject({ host: z.string() });

const source = defineSource({
  type: 'counter',
  role: 'source',
  summary: 'counts',
  config,
  stage: z.strictObject({ tables: z.array(z.string()) }),
  capabilities: { initialLoad: false, follows: 'always', changes: true, parallel: false },
  guarantees: [],
  check: async () => [],
  describe: async () => ({ shape: { tables: [] }, findings: [] }),
  createSource: (options) => {
    made.push({ role: 'source', stage: options.job.stage, options });
    return () => ({});
  },
});
const sink = (type: string, atOnce: boolean) =>
  defineSink({
    type,
    role: 'sink',
    summary: 'keeps',
    config,
    stage: z.strictObject({ mode: z.string().default('upsert') }),
    capabilities: { holds: 'rows', createsTarget: 'never', parallel: false },
    guarantees: [],
    showsRowsAtOnce: () => atOnce,
    check: async () => [],
    checkStage: async () => [],
    createSink: (options) => {
      made.push({ role: 'sink', stage: options.job.stage, options });
      return () => ({});
    },
  });
const registry = ConnectorRegistry.of([source, sink('now', true), sink('later', false)]);

function plan(stages: Record<string, unknown>) {
  made.length = 0;
  return planPipeline(parsePipeline({ name: 'test', stages }), {
    jobId: 'J1',
    threads: 2,
    registry,
    sources: { shop: { type: 'counter', config: { host: 'a' } } },
    sinks: { now: { type: 'now', config: { host: 'b' } }, later: { type: 'later', config: { host: 'c' } } },
  });
}

const shape = (dag: ReturnType<typeof plan>) => ({
  vertices: dag.vertices.map((vertex) => vertex.name).sort(),
  edges: dag.edges.map((edge) => `${edge.from}[${edge.fromOrdinal}] -> ${edge.to}[${edge.toOrdinal}]`).sort(),
});

const orders = { source: 'shop', tables: ['public.orders'] };

describe('planPipeline', () => {
  it('makes a vertex of each source and sink, options and defaults resolved', () => {
    const dag = plan({ orders, out: { input: 'orders', sink: 'now' } });
    expect(shape(dag)).toEqual({ vertices: ['orders', 'out'], edges: ['orders[0] -> out[0]'] });
    expect(made.find(({ role }) => role === 'sink')?.options).toEqual({
      config: { host: 'b' },
      stage: { mode: 'upsert' },
      job: { jobId: 'J1', jobName: 'test', stage: 'out' },
    });
  });

  it('fuses a chain of selects, and gives every reader of a fork each batch', () => {
    const dag = plan({
      orders,
      narrow: { input: 'orders', select: { id: 'after.id', total: 'after.total' } },
      renamed: { input: 'narrow', select: { key: 'id' } },
      left: { input: 'renamed', sink: 'now' },
      right: { input: 'renamed', sink: 'later' },
      all: { input: ['orders'], sink: 'now' },
    });
    expect(shape(dag)).toEqual({
      vertices: ['all', 'left', 'orders', 'renamed', 'right'],
      edges: ['orders[0] -> renamed[0]', 'orders[1] -> all[0]', 'renamed[0] -> left[0]', 'renamed[1] -> right[0]'],
    });
  });

  it('does not fuse a select that somebody else reads as well', () => {
    const dag = plan({
      orders,
      narrow: { input: 'orders', select: { id: 'after.id' } },
      renamed: { input: 'narrow', select: { key: 'id' } },
      left: { input: 'renamed', sink: 'now' },
      right: { input: 'narrow', sink: 'later' },
    });
    expect(shape(dag).vertices).toEqual(['left', 'narrow', 'orders', 'renamed', 'right']);
  });

  it('sets records of each side of a join aside, and those without a key before they are deduplicated', () => {
    const dag = plan({
      orders,
      once: { input: 'orders', deduplicate: { by: ['after.id'], within: '1m' }, onError: 'skip' },
      both: {
        input: 'once',
        join: { with: 'orders', on: { id: 'id' }, key: ['id'], window: { tumbling: '1m' } },
        select: { id: 'once.id' },
        onError: 'skip',
      },
      out: { input: 'both', sink: 'now' },
    });
    // The left side's goes on in the vertex of what it reads from.
    expect(shape(dag).vertices).toEqual(['both', 'both-rows-right', 'once-keys', 'orders', 'out']);
  });

  it.each([
    ['now', true],
    ['later', false],
  ])('tells the source whether a sink it reaches shows rows at once: %s', (name, atOnce) => {
    plan({ orders, some: { input: 'orders', select: { id: 'after.id' } }, out: { input: 'some', sink: name } });
    expect(made.find(({ role }) => role === 'source')?.options.sinksShowRowsAtOnce).toBe(atOnce);
  });
});
