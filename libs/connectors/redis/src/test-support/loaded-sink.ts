import { batchOfRecords, type ChangeBatch, recordOf } from '@millrace/formats';
import { redisSink } from '../sink/redis-sink.ts';

/** Events as a running initial load, or a dead letter that comes back, gives them: nobody can skip them by position. */
export const asLoaded = (batch: ChangeBatch): ChangeBatch =>
  batchOfRecords(
    Array.from({ length: batch.length }, (_, index) => recordOf(batch, index)),
    0,
  );

/** The sink where all events are such: a type that appends shows them with their snapshot. */
export const loadedSink: typeof redisSink = {
  ...redisSink,
  guarantees: redisSink.guarantees.map((guarantee) => ({ ...guarantee, visible: 'at-snapshot' })),
  createSink: (options) => (instance) => {
    const sink = redisSink.createSink(options)(instance);
    const process = sink.process!.bind(sink);
    sink.process = (ordinal, batch) => process(ordinal, asLoaded(batch as ChangeBatch));
    return sink;
  },
};
