import { jdbcSink, jdbcSource } from '@millrace/connector-jdbc';
import type { ChangeBatch } from '@millrace/formats';
import { DrivenSink, DrivenSource } from '@millrace/testing/drivers';

/** All rows of a table as the batches of a source, in memory: the sink's input, as the yardstick has its own. */
export async function batchesOf(config: object, table: string): Promise<readonly ChangeBatch[]> {
  await using source = await DrivenSource.start(jdbcSource, {
    config: { ssl: 'disable', ...config },
    stage: { table, parallel: 1 },
    read: () => [],
  });
  return (await source.run()).batches;
}

/** Writes them by upsert. Returns the seconds it took. */
export async function writeBatches(config: object, batches: readonly ChangeBatch[]): Promise<number> {
  await using sink = await DrivenSink.start(jdbcSink, { config: { ssl: 'disable', ...config } });
  const started = performance.now();
  await sink.write(...batches);
  await sink.complete();
  return (performance.now() - started) / 1_000;
}
