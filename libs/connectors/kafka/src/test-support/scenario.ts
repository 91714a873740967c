import type { SnapshotEntry } from '@millrace/engine';
import { systemClock } from '@millrace/kernel';
import { startSink } from './drive.ts';
import { inserts, loadedRows, tableOf } from './events.ts';

export const EVENT_COUNT = 300;
const EVENTS_PER_SNAPSHOT = 100;
const EVENTS_PER_BATCH = 25;
const PAUSE_MS = 4;
const ORDERS = tableOf('orders');

/** What the coordinator keeps: the newest execution, and the newest snapshot's commit record. */
export interface Coordination {
  generation: number;
  record: { readonly snapshotId: number; readonly position: number; readonly entries: readonly SnapshotEntry[] };
}

export const newCoordination = (): Coordination => ({
  generation: 0,
  record: { snapshotId: 0, position: 0, entries: [] },
});

export interface ScenarioOptions {
  readonly brokers: string;
  readonly topic: string;
  readonly jobId: string;
  readonly coordination: Coordination;
  readonly stage?: Readonly<Record<string, unknown>>;
  /** So many events are rows of an initial load. */
  readonly loaded?: number;
  readonly eventsPerBatch?: number;
}

/** Source, coordinator and sink in one: continues from the commit record and runs to the end of the events. */
export async function runScenario(options: ScenarioOptions): Promise<void> {
  const { brokers, topic, jobId, coordination, stage, loaded = 0, eventsPerBatch = EVENTS_PER_BATCH } = options;
  coordination.generation += 1;
  const { generation } = coordination;
  const { record } = coordination;
  const sink = await startSink({
    config: { brokers: [brokers] },
    stage: { topic, format: 'json', ...stage },
    jobId,
    generation,
    restored: record.snapshotId === 0 ? undefined : record,
  });
  try {
    let { snapshotId, position } = record;
    while (position < EVENT_COUNT) {
      for (const end = position + EVENTS_PER_SNAPSHOT; position < end; position += eventsPerBatch) {
        const rows = position < loaded ? loadedRows : inserts;
        await sink.write(rows(ORDERS, position, position + eventsPerBatch));
        // Continuous commits happen between batches, too.
        if (stage !== undefined) await systemClock.sleep(PAUSE_MS);
      }
      snapshotId += 1;
      const entries = await sink.prepare(snapshotId);
      // As the coordinator's store: only the newest execution may write the record.
      if (coordination.generation !== generation) throw new Error('fenced by the store');
      coordination.record = { snapshotId, position, entries };
      await sink.commit(snapshotId);
    }
  } finally {
    await sink.close();
  }
}
