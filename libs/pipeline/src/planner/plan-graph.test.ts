import { describe, expect, it } from '@jest/globals';
import { AggregateOperations } from '@millrace/operators';
import {
  explainPlan,
  Pipeline,
  planGraph,
  planText,
  RegisteredSinks,
  type RegisteredSuppliers,
  Sinks,
  Sources,
  sliding,
  TestSources,
  toDag,
} from '../index.ts';

const { counting, coAggregate } = AggregateOperations;

interface Click {
  readonly user: string;
  readonly time: number;
}

const clicks = (parallelism: number | 'threads' = 1) =>
  Sources.stream<undefined, Click>(
    'clicks',
    { create: () => undefined, fill: (_, buffer) => buffer.close() },
    { parallelism },
  );

const planned = (pipeline: Pipeline, threads = 2): string =>
  planText(explainPlan(planGraph(pipeline.graph, { threads })));

/** The text without the indentation of the test. */
const text = (given: string): string =>
  given
    .split('\n')
    .slice(1, -1)
    .map((line) => line.replace(/^ {6}/, ''))
    .join('\n');

describe('planGraph', () => {
  it('runs a pipeline without state as one vertex, its stages in the loop of the sink', () => {
    const p = Pipeline.create();
    p.readFrom(TestSources.range(0, 10, 'threads'))
      .map((n) => n + 1)
      .filter((n) => n > 3)
      .map((n) => n * 2)
      .writeTo(Sinks.noop());
    expect(planned(p)).toBe(
      text(`
      range x2
        range (source) [state]
        map + filter + map-2 (map) + noop (sink) [state]
      `),
    );
  });

  it('gives what answers by itself a turn of its own behind a source, and else none', () => {
    const p = Pipeline.create();
    const answered = p.readFrom(TestSources.range(0, 10, 1)).mapAsync(async (n) => n + 1);
    answered.mapAsync(async (n) => n + 1).writeTo(Sinks.noop());
    expect(planned(p)).toBe(
      text(`
      range x1
        range (source) [state]
        -> mapAsync: isolated
      mapAsync x1: it emits answers when they come, not when its source has rows
        mapAsync [state]
        mapAsync-2 (mapAsync) [state]
        noop (sink) [state]
      `),
    );
  });

  it('accumulates with the source and combines behind a partitioned edge, with the sink', () => {
    const p = Pipeline.create();
    p.readFrom(clicks('threads'))
      .withTimestamps((click) => click.time, 0)
      .filter((click) => click.user !== '')
      .groupingKey((click) => click.user)
      .window(sliding(10_000, 1_000))
      .aggregate(counting())
      .setName('per user')
      .map(({ result }) => result)
      .writeTo(Sinks.noop());
    expect(planned(p, 4)).toBe(
      text(`
      clicks x4
        clicks (source) [state]
        timestamps (timestamps (fn)) [state]
        filter + per user-accumulate (accumulate by key and frame)
        -> per user: partitioned
      per user x4: rows are partitioned by key
        per user (combine to windows) [state]
        map + noop (sink) [state]
      `),
    );
  });

  it('gives a group of all rows one instance', () => {
    const p = Pipeline.create();
    p.readFrom(TestSources.range(0, 10, 'threads'))
      .aggregate(counting())
      .writeTo(Sinks.noop());
    expect(planned(p)).toContain('aggregate x1: all rows meet in one group');
    expect(planned(p)).toContain('-> aggregate: all-to-one');
  });

  it('cuts at a fork, and where the number of instances changes', () => {
    const p = Pipeline.create();
    const rows = p.readFrom(TestSources.items(1, 2, 3)).map((n) => n + 1);
    rows.filter((n) => n > 1).writeTo(Sinks.noop());
    rows
      .map((n) => n * 2)
      .setLocalParallelism(3)
      .writeTo(Sinks.noop());
    expect(planned(p)).toBe(
      text(`
      items x1
        items (source) [state]
        map
        -> noop: isolated
        -> noop-2: unicast
      noop x1: its input has several readers
        filter + noop (sink) [state]
      noop-2 x3: its input has several readers
        map-2 (map) + noop-2 (sink) [state]
      `),
    );
  });

  it('accumulates each input of a co-aggregation where its rows are', () => {
    const p = Pipeline.create();
    const all = p.readFrom(clicks()).withTimestamps((click) => click.time, 0);
    const other = all.filter((click) => click.user > 'm').groupingKey((click) => click.user);
    all
      .groupingKey((click) => click.user)
      .window(sliding(2, 1))
      .aggregate2(other, coAggregate(counting<Click>(), counting<Click>()))
      .writeTo(Sinks.noop());
    expect(planned(p)).toBe(
      text(`
      clicks x1
        clicks (source) [state]
        timestamps (timestamps (fn)) [state]
        -> aggregate-accumulate-1: isolated
        -> aggregate-accumulate-0: isolated
      aggregate-accumulate-1 x1: its input has several readers
        filter + aggregate-accumulate-1 (accumulate by key and frame)
        -> aggregate: partitioned
      aggregate x2: rows are partitioned by key
        aggregate (combine to windows) [state]
        noop (sink) [state]
      aggregate-accumulate-0 x1: its input has several readers
        aggregate-accumulate-0 (accumulate by key and frame)
        -> aggregate: partitioned
      `),
    );
  });

  it('merges streams, rebalances them, and sends late rows another way', () => {
    const p = Pipeline.create();
    const timed = (name: string) =>
      p
        .readFrom(clicks())
        .setName(name)
        .withTimestamps((click) => click.time, 0);
    const { results, late } = timed('web')
      .merge(timed('app'))
      .rebalance()
      .groupingKey((click) => click.user)
      .window(sliding(2, 1))
      .aggregateWithLate(counting());
    results.writeTo(Sinks.noop());
    late.writeTo(Sinks.noop());
    const plan = explainPlan(planGraph(p.graph, { threads: 2 }));
    expect(plan.edges.map(({ from, to, routing }) => `${from} -> ${to}: ${routing}`)).toEqual([
      'web -> merge: isolated',
      'app -> merge: isolated',
      'merge -> rebalance: unicast',
      'rebalance -> aggregate: partitioned',
      'rebalance -> noop-2: isolated',
    ]);
  });

  it('has the same vertices on any number of threads, so that state is found again', () => {
    const p = Pipeline.create();
    p.readFrom(TestSources.range(0, 10, 'threads'))
      .map((n) => n + 1)
      .setLocalParallelism(2)
      .writeTo(Sinks.noop());
    const names = [1, 2, 3].map((threads) => planGraph(p.graph, { threads }).vertices.map(({ name }) => name));
    expect(names).toEqual([
      ['range', 'noop'],
      ['range', 'noop'],
      ['range', 'noop'],
    ]);
  });

  it('keeps the names of vertices with state when stateless stages are added', () => {
    const names = (change: (n: number) => number, times: number): string[] => {
      const p = Pipeline.create();
      let rows = p.readFrom(TestSources.items(1)).setName('numbers');
      for (let time = 0; time < times; time++) rows = rows.map(change);
      rows.writeTo(Sinks.noop()).setName('left');
      let others = rows;
      for (let time = 0; time < times; time++) others = others.map(change);
      others.writeTo(Sinks.noop()).setName('right');
      return planGraph(p.graph, { threads: 2 }).vertices.map(({ name }) => name);
    };
    expect(names((n) => n, 0)).toEqual(['numbers', 'left', 'right']);
    expect([...names((n) => n, 2)].sort()).toEqual(['left', 'numbers', 'right']);
  });

  it('gives the same plan each time, in both modes', () => {
    const make = (): Pipeline => {
      const p = Pipeline.create();
      p.readFrom(TestSources.items('a', 'b'))
        .groupingKey((word) => word)
        .aggregate(counting())
        .writeTo(Sinks.noop());
      return p;
    };
    expect(planned(make())).toBe(planned(make()));
    const interpreted = planGraph(make().graph, { threads: 2, mode: 'interpreted' });
    expect(planText(explainPlan(interpreted))).toBe(planned(make()));
  });
});

it('gives a stage that is said to block threads of its own, whatever its processor says', () => {
  const p = Pipeline.create();
  p.readFrom(TestSources.range(0, 10))
    .customTransform<number>('hash', () => ({ process: () => true }), { isCooperative: false })
    .writeTo(Sinks.noop());
  const { vertices } = toDag(planGraph(p.graph, { threads: 2 }));
  const instance = { globalIndex: 0, totalParallelism: 1 };
  expect(vertices.map(({ name, supplier }) => [name, supplier(instance).isCooperative])).toEqual([
    ['range', true],
    ['hash', false],
  ]);
});

describe('mistakes are refused with a code', () => {
  const refused = (code: string) =>
    expect.objectContaining({ code: expect.objectContaining({ code }), mend: expect.any(String) });
  const thrown = (work: () => unknown): unknown => {
    try {
      work();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it('a pipeline without a sink', () => {
    const p = Pipeline.create();
    p.readFrom(TestSources.items(1)).map((n) => n);
    expect(thrown(() => planned(p))).toEqual(refused('pipeline.no_sink'));
  });

  it('a stage that nobody reads', () => {
    const p = Pipeline.create();
    const rows = p.readFrom(TestSources.items(1));
    rows.map((n) => n).setName('lonely');
    rows.writeTo(Sinks.noop());
    expect(thrown(() => planned(p))).toEqual(refused('pipeline.stage_unused'));
    expect(thrown(() => planned(p))).toMatchObject({ details: { stage: 'lonely' } });
  });

  it('a name given twice', () => {
    const p = Pipeline.create();
    p.readFrom(TestSources.items(1))
      .setName('same')
      .map((n) => n)
      .setName('same')
      .writeTo(Sinks.noop());
    expect(thrown(() => planned(p))).toEqual(refused('pipeline.name_taken'));
  });

  it('a stage of another pipeline', () => {
    const rows = Pipeline.create().readFrom(TestSources.items(1));
    const other = Pipeline.create().readFrom(TestSources.items(2));
    expect(thrown(() => rows.merge(other))).toEqual(refused('pipeline.foreign_stage'));
  });

  it.each([
    [0, 1],
    [10, 3],
    [1.5, 1.5],
    [Number.NaN, 1],
    [10, -1],
  ])('a window of %s ms that slides by %s ms', (size, slide) => {
    expect(thrown(() => sliding(size, slide))).toEqual(refused('pipeline.window_invalid'));
  });

  it.each([0, -1, 1.5, Number.NaN])('%s instances', (instances) => {
    const rows = Pipeline.create().readFrom(TestSources.items(1));
    expect(thrown(() => rows.setLocalParallelism(instances))).toEqual(refused('pipeline.parallelism_invalid'));
  });

  it('a window over rows without event times', () => {
    const p = Pipeline.create();
    p.readFrom(clicks())
      .withoutTimestamps()
      .map((click) => click.user)
      .groupingKey((user) => user)
      .window(sliding(2, 1))
      .aggregate(counting())
      .writeTo(Sinks.noop());
    expect(thrown(() => planned(p))).toEqual(refused('pipeline.window_without_timestamps'));
    expect(thrown(() => planned(p))).toMatchObject({ details: { stage: 'aggregate', source: 'clicks' } });
  });

  it('native timestamps of a source that has none', () => {
    const rows = Pipeline.create().readFrom(clicks());
    expect(thrown(() => rows.withNativeTimestamps(0))).toEqual(refused('pipeline.no_native_timestamps'));
  });
});

describe('dead letters of calls', () => {
  const plan = (onError: 'dead-letter' | 'skip', isAhead: boolean) => {
    const p = Pipeline.create();
    p.readFrom(TestSources.range(0, 10, 1))
      .mapAsync(async (n) => n + 1, { onError: { action: onError } })
      .map((n) => ({ id: String(n) }))
      .writeTo(
        RegisteredSinks.rows('warehouse', { columns: { id: 'text' }, key: ['id'], options: { table: 'numbers' } }),
      );
    const noLetters = async (): Promise<never> => {
      throw new Error('a plan opens no letters');
    };
    const nothing = () => () => ({});
    const registered: RegisteredSuppliers = {
      source: nothing,
      sink: nothing,
      letterSink: nothing,
      letters: noLetters,
      showsRowsAtOnce: () => isAhead,
      skipsWhatItPassed: () => isAhead,
      openLookup: noLetters,
    };
    return () => planGraph(p.graph, { threads: 1, registered });
  };

  it('are refused before a sink that is ahead of snapshots: after a crash it would skip what is answered otherwise', () => {
    expect(plan('dead-letter', true)).toThrow(
      expect.objectContaining({
        code: expect.objectContaining({ code: 'pipeline.unsteady_letters' }),
        details: { stage: 'mapAsync', sink: 'warehouse' },
      }),
    );
    expect(plan('dead-letter', false)).not.toThrow();
    expect(plan('skip', true)).not.toThrow();
  });
});
