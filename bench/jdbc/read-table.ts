import { jdbcSource } from '@millrace/connector-jdbc';
import { DrivenSource } from '@millrace/testing/drivers';

/** All rows of a table by the source, over one connection. Returns rows per second. */
export async function readTable(config: object, table: string): Promise<number> {
  const started = performance.now();
  await using source = await DrivenSource.start(jdbcSource, {
    config: { ssl: 'disable', ...config },
    stage: { table, parallel: 1 },
    read: () => [],
  });
  await source.run();
  const rows = source.batches.reduce((sum, batch) => sum + batch.length, 0);
  return rows / ((performance.now() - started) / 1_000);
}
