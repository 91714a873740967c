import type { ProcessorSupplier } from '@millrace/engine';
import { builtSource, type SourceContext, type SourceDefinition } from '@millrace/operators';
import type { SeededRandom } from '../../shop/seeded-random.ts';
import { threadOf } from '../loop/virtual-thread.ts';
import type { Outside } from './outside.ts';
import type { SourceLog } from './source-log.ts';

/** Pause after rows that arrived together. Now and then it is a long one. */
const PAUSE_MS_MAX = 4;
const LONG_PAUSE_MS_MAX = 60;
const LONG_PAUSE_CHANCE = 0.04;

/** Event time below that of every row: the first watermark, so that watermarks are the source's own from the beginning. */
const BEFORE_ALL_MS = 0;

export interface LogSourceOptions<Row> {
  readonly timeOf?: ((row: Row) => number) | undefined;
  /** A row comes at most so much later than newer ones of its split, milliseconds of event time. */
  readonly lagMs: number;
  /** Rows that arrive together, at most. */
  readonly burstRowsMax: number;
  readonly outside: Outside;
  readonly isOwner: (context: SourceContext) => boolean;
  /** The pace of one instance. */
  readonly randomFor: (context: SourceContext) => SeededRandom;
}

interface Split {
  readonly split: number;
  next: number;
  /** Event time of the newest row so far. */
  newestMs: number;
}

interface State {
  readonly context: SourceContext;
  readonly random: SeededRandom;
  splits: Split[];
  readyMs: number;
  hasBegun: boolean;
  /** What the newest snapshot covers. */
  saved: readonly SavedSplit[];
}

type SavedSplit = Pick<Split, 'split' | 'next'>;

/**
 * Reads a `SourceLog`: instance i of n has every n-th split, on any number of instances. With event times it sends the watermark that
 * all its splits allow.
 */
export function logSource<Row>(log: SourceLog<Row>, options: LogSourceOptions<Row>): ProcessorSupplier {
  return (instance) => {
    let state: State | undefined;
    const processor = builtSource(
      readLog(log, options, (created) => {
        state = created;
      }),
    )(instance);
    // Phase two: only now may the log forget (INV-1).
    processor.snapshotCommit = async () => {
      const { context, saved } = state!;
      await options.outside.request(threadOf(context.clock), 'source.acknowledge', () => {
        for (const { split, next } of saved) log.acknowledge(split, next);
      });
    };
    return processor;
  };
}

function readLog<Row>(
  log: SourceLog<Row>,
  options: LogSourceOptions<Row>,
  onCreated: (state: State) => void,
): SourceDefinition<State, Row> {
  const { timeOf, lagMs, burstRowsMax, randomFor, isOwner } = options;
  const share = ({ globalIndex, totalParallelism }: SourceContext): Split[] =>
    log.splits.flatMap((_, split) =>
      split % totalParallelism === globalIndex ? [{ split, next: 0, newestMs: Number.NEGATIVE_INFINITY }] : [],
    );
  const newestBefore = (split: number, next: number): number => {
    const rows = timeOf === undefined ? [] : log.splits[split]!.slice(0, next).map(timeOf);
    return Math.max(Number.NEGATIVE_INFINITY, ...rows);
  };
  return {
    create: (context) => {
      const splits = share(context);
      const state: State = { context, random: randomFor(context), splits, readyMs: 0, hasBegun: false, saved: [] };
      onCreated(state);
      return state;
    },
    fill(state, buffer) {
      const { context, random } = state;
      if (timeOf !== undefined && !state.hasBegun) buffer.watermark(BEFORE_ALL_MS);
      state.hasBegun = true;
      const open = state.splits.filter(({ split, next }) => next < log.splits[split]!.length);
      if (open.length === 0) {
        buffer.close();
        return;
      }
      const nowMs = context.clock.monotonicMs();
      if (nowMs < state.readyMs) return;
      for (let count = random.integer(1, burstRowsMax); count > 0; count--) {
        const from = random.pick(open);
        if (from.next === log.splits[from.split]!.length) continue;
        const row = log.read(from.split, from.next, isOwner(context));
        from.next += 1;
        const timeMs = timeOf?.(row);
        if (timeMs !== undefined && timeMs > from.newestMs) from.newestMs = timeMs;
        buffer.add(row, timeMs);
      }
      if (timeOf !== undefined) {
        const least = Math.min(...open.map(({ newestMs }) => newestMs));
        if (least > Number.NEGATIVE_INFINITY) buffer.watermark(least - lagMs);
      }
      const pauseMsMax = random.chance(LONG_PAUSE_CHANCE) ? LONG_PAUSE_MS_MAX : PAUSE_MS_MAX;
      state.readyMs = nowMs + random.next() * pauseMsMax;
    },
    snapshot: (state) => {
      state.saved = state.splits.map(({ split, next }) => ({ split, next }));
      return state.saved;
    },
    restore: (state, saved) => {
      const positions = new Map((saved as SavedSplit[][]).flat().map(({ split, next }) => [split, next]));
      for (const each of state.splits) {
        each.next = positions.get(each.split) ?? 0;
        each.newestMs = newestBefore(each.split, each.next);
      }
    },
  };
}
