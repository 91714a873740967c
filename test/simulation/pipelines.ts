import { AggregateOperations } from '@millrace/operators';
import { Pipeline, type StreamStage, sliding, tumbling } from '@millrace/pipeline';
import type { PipelineBuilder, SimulatedWorld } from '@millrace/testing/simulation';

const { counting, summing, toList, allOf, maxOf } = AggregateOperations;

interface Event {
  readonly split: number;
  readonly n: number;
  readonly key: string;
  readonly timeMs: number;
  readonly amount: number;
}

const KEYS = 9;
const ROWS = 150;
/** Event time between two rows of a split, at most, and how far a row is behind newer ones, at most. */
const STEP_MS_MAX = 8;
const LAG_MS = 12;

/** Events of a few keys; those of a split are a little out of order. */
function events(world: SimulatedWorld, name: string, options: { readonly parallelism?: number } = {}) {
  return world.source<Event>(name, {
    timeOf: (event) => event.timeMs,
    lagMs: LAG_MS,
    parallelism: options.parallelism,
    rows: (split, random) => {
      let timeMs = 1_000;
      return Array.from({ length: ROWS }, (_, n) => {
        timeMs += random.integer(0, STEP_MS_MAX);
        const key = `k${random.integer(0, KEYS - 1)}`;
        return { split, n, key, timeMs: timeMs - random.integer(0, LAG_MS), amount: random.integer(1, 100) };
      });
    },
  });
}

const timed = (pipeline: Pipeline, world: SimulatedWorld, name: string): StreamStage<Event> =>
  pipeline.readFrom(events(world, name)).withNativeTimestamps(LAG_MS);

/** Rows of one split stay in order as long as nothing merges or spreads them. */
const bySplit = {
  order: { keyOf: (event: Event) => event.split, orderOf: (event: Event) => event.n },
  unique: (event: Event) => `${event.split}/${event.n}`,
};

interface Result {
  readonly key?: unknown;
  readonly start: number;
  readonly end: number;
}
const byWindow = {
  order: { keyOf: ({ key }: Result) => key, orderOf: ({ end }: Result) => end },
  unique: ({ key, start, end }: Result) => `${String(key)} ${start}-${end}`,
};

/** Every pipeline that is simulated, by name. A new one is one more entry. */
export const pipelines: Readonly<Record<string, PipelineBuilder>> = {
  stateless(world) {
    const p = Pipeline.create();
    p.readFrom(events(world, 'events'))
      .withoutTimestamps()
      .filter((event) => event.amount % 5 !== 0)
      .map((event) => ({ ...event, amount: event.amount * 2 }))
      .writeTo(world.sink('out', bySplit));
    return p;
  },

  tumbling(world) {
    const p = Pipeline.create();
    timed(p, world, 'events')
      .groupingKey((event) => event.key)
      .window(tumbling(50))
      .aggregate(allOf({ count: counting<Event>(), sum: summing<Event>((event) => event.amount) }))
      .writeTo(world.sink('out', byWindow));
    return p;
  },

  sliding(world) {
    const p = Pipeline.create();
    timed(p, world, 'events')
      .groupingKey((event) => event.key)
      .window(sliding(120, 40))
      .aggregate(summing<Event>((event) => event.amount))
      .writeTo(world.sink('out', byWindow));
    return p;
  },
};
