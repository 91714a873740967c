import type { SinkContext, SinkDefinition } from '@millrace/operators';
import type { Fault } from '../faults/fault.ts';
import { threadOf } from '../loop/virtual-thread.ts';
import type { Outside } from './outside.ts';
import type { Target } from './target.ts';

export interface TargetSinkOptions {
  readonly outside: Outside;
  readonly faults: readonly Fault[];
  readonly generationOf: (context: SinkContext) => number;
}

interface State {
  readonly context: SinkContext;
  readonly generation: number;
  rows: unknown[];
  /** By snapshot, not yet committed. */
  readonly prepared: Map<number, string>;
  newest: string | undefined;
}

/** Writes to a `Target` in two phases: prepared before the barrier goes on, shown when the snapshot is committed. */
export function targetSink<Row>(target: Target, options: TargetSinkOptions): SinkDefinition<State, Row> {
  const { outside, faults, generationOf } = options;
  const refusedUntil = (nowMs: number): number => {
    let untilMs = 0;
    for (const fault of faults) {
      if (fault.kind !== 'sink-refuses' || nowMs < fault.fromMs) continue;
      untilMs = Math.max(untilMs, fault.fromMs + fault.durationMs);
    }
    return untilMs;
  };
  return {
    create: async (context) => {
      const generation = generationOf(context);
      await outside.request(threadOf(context.clock), 'sink read', () => target.fence(generation));
      return { context, generation, rows: [], prepared: new Map(), newest: undefined };
    },
    receive: (state, row) => {
      state.rows.push(row);
    },
    flush: ({ context: { clock } }) => {
      const { nowMs } = threadOf(clock);
      const untilMs = refusedUntil(nowMs);
      return untilMs > nowMs ? clock.sleep(untilMs - nowMs) : undefined;
    },
    prepare: async (state, snapshotId) => {
      const { context, generation, rows } = state;
      const handle = `${generation}/${context.vertex}/${context.globalIndex}/${snapshotId}`;
      await outside.request(threadOf(context.clock), 'sink.prepare', () =>
        target.prepare(handle, { snapshotId, generation, rows }),
      );
      state.rows = [];
      state.newest = handle;
      state.prepared.set(snapshotId, handle);
    },
    commit: async (state, snapshotId) => {
      const handle = state.prepared.get(snapshotId);
      if (handle === undefined) return;
      await outside.request(threadOf(state.context.clock), 'sink.commit', () =>
        target.commit(handle, state.generation),
      );
      state.prepared.delete(snapshotId);
    },
    snapshot: ({ newest }) => newest,
    restore: async (state, saved, snapshotId) => {
      const { context, generation } = state;
      const handles = saved as readonly string[];
      await outside.request(threadOf(context.clock), 'sink.restore', () =>
        target.restore(handles, snapshotId, generation),
      );
    },
  };
}
