import { changeEvents, type Row } from '@millrace/formats';
import { DrivenSource, type DriveSourceOptions, type SavedSnapshot } from '@millrace/testing/drivers';
import type { S3Config } from '../config.ts';
import { s3Source } from '../source/s3-source.ts';
import { JOB } from './drive.ts';

/** One instance of the source; of its events the rows. */
export const startSource = (
  config: S3Config,
  stage: Record<string, unknown>,
  more: Partial<DriveSourceOptions<Row>> = {},
): Promise<DrivenSource<Row>> =>
  DrivenSource.start(s3Source, {
    config,
    stage: {
      objects: '**',
      table: 'public.t',
      columns: { id: 'integer', note: 'text' },
      key: ['id'],
      follow: false,
      ...stage,
    },
    job: JOB,
    read: (batch) => changeEvents(batch).map(({ after }) => after!),
    ...more,
  });

/** All rows of the source until it ends. */
export async function readRows(config: S3Config, stage: Record<string, unknown>): Promise<Row[]> {
  const source = await startSource(config, stage);
  try {
    return (await source.run()).events.map((row) => ({ ...row }));
  } finally {
    await source.close();
  }
}

/**
 * Stops a source after a batch more each time and goes on from what it saved, until it has `count` rows or ends.
 * @returns the rows of each run
 */
export async function runInPieces(config: S3Config, stage: Record<string, unknown>, count: number): Promise<Row[][]> {
  const runs: Row[][] = [];
  let restored: SavedSnapshot | undefined;
  for (let left = count; left > 0; ) {
    const source = await startSource(config, stage, { batchesMax: 3 + runs.length, restored });
    let taken = -1;
    let idle = 0;
    // Stopped once the outbox has refused for a while, with pieces read ahead.
    await source.until(() => {
      idle = source.events.length === taken ? idle + 1 : 0;
      taken = source.events.length;
      return idle > 30 && taken > 0;
    });
    restored = await source.save();
    runs.push(source.events);
    left = source.events.length === 0 ? 0 : left - source.events.length;
    await source.close();
  }
  return runs;
}
