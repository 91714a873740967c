import { AggregateOperations } from '@millrace/operators';
import { Pipeline, SourceBuilder, sliding, TestSources, tumbling } from '@millrace/pipeline';
import { fileSink } from './file-sink.ts';

const { allOf, averaging, coAggregate, counting, summing, toList, maxOf } = AggregateOperations;

export interface Options {
  readonly file: string;
  readonly lateFile?: string;
  readonly rows: number;
  /** Rows added by one call. */
  readonly perFill?: number;
  /** Rows let through between two snapshots: a run that is stopped after one of them is always stopped midway. */
  readonly perSnapshot?: number;
}

interface Event {
  readonly n: number;
  readonly key: string;
  readonly time: number;
}

const KEYS = 7;
export const eventOf = (n: number): Event => ({ n, key: `k${n % KEYS}`, time: n });

// #region source
/** Events 0 to `rows` - 1 in order of time. */
const events = ({ rows, perFill = rows, perSnapshot = rows }: Options) =>
  SourceBuilder.stream('events', () => ({ next: 0, limit: perSnapshot }))
    .fillBuffer<Event>((state, buffer) => {
      const end = Math.min(state.next + perFill, state.limit, rows);
      while (state.next < end) buffer.add(eventOf(state.next++));
      if (state.next === rows) buffer.close();
    })
    .createSnapshot((state) => {
      state.limit = state.next + perSnapshot;
      return state.next;
    })
    .restoreSnapshot((state, [next]) => {
      state.next = next!;
      state.limit = next! + perSnapshot;
    })
    .build();
// #endregion

export const stateless = (options: Options): Pipeline => {
  const p = Pipeline.create();
  p.readFrom(TestSources.range(0, options.rows, 2))
    .map((n) => n * 2)
    .filter((n) => n % 3 === 0)
    .flatMap((n) => [n, -n])
    .writeTo(fileSink(options.file));
  return p;
};

// #region windowed
export const windowed = (options: Options): Pipeline => {
  const p = Pipeline.create();
  p.readFrom(events(options))
    .withTimestamps((event) => event.time, 0)
    .groupingKey((event) => event.key)
    .window(sliding(100, 50))
    .aggregate(allOf({ count: counting<Event>(), mean: averaging<Event>((event) => event.n) }))
    .writeTo(fileSink(options.file));
  return p;
};
// #endregion

export const globalWindow = (options: Options): Pipeline => {
  const p = Pipeline.create();
  p.readFrom(events(options))
    .withTimestamps((event) => event.time, 0)
    .window(tumbling(100))
    .aggregate(summing<Event>((event) => event.n))
    .writeTo(fileSink(options.file));
  return p;
};

// #region joined
export const joined = (options: Options): Pipeline => {
  const p = Pipeline.create();
  const all = p.readFrom(events(options)).withTimestamps((event) => event.time, 0);
  const odd = all.filter((event) => event.n % 2 === 1).groupingKey((event) => event.key);
  all
    .filter((event) => event.n % 2 === 0)
    .groupingKey((event) => event.key)
    .window(tumbling(50))
    .aggregate2(odd, coAggregate(counting<Event>(), toList<Event>()))
    .map(({ end, key, result: [even, odds] }) => ({
      end,
      key,
      even,
      odd: odds.map((event) => event.n).sort((a, b) => a - b),
    }))
    .writeTo(fileSink(options.file));
  return p;
};
// #endregion

export const rolling = (options: Options): Pipeline => {
  const p = Pipeline.create();
  p.readFrom(events(options))
    .withoutTimestamps()
    .groupingKey((event) => event.key)
    .rollingAggregate(maxOf<Event>((event) => event.n))
    .writeTo(fileSink(options.file));
  return p;
};

// #region batch
export const batch = (options: Options): Pipeline => {
  const p = Pipeline.create();
  const numbers = p.readFrom(TestSources.range(0, options.rows, 2));
  numbers
    .groupingKey((n) => n % KEYS)
    .aggregate(counting())
    .writeTo(fileSink(options.file));
  numbers.aggregate(summing<number>((n) => n)).writeTo(fileSink(options.lateFile!));
  return p;
};
// #endregion

// #region late
/** Every tenth event is far too late. */
export const late = (options: Options): Pipeline => {
  const p = Pipeline.create();
  const { results, late: tooLate } = p
    .readFrom(events(options))
    .withTimestamps((event) => (event.n % 10 === 9 ? event.time - 1_000 : event.time), 0)
    .groupingKey((event) => event.key)
    .window(tumbling(100))
    .aggregateWithLate(counting<Event>());
  results.writeTo(fileSink(options.file));
  tooLate.writeTo(fileSink(options.lateFile!));
  return p;
};
// #endregion
