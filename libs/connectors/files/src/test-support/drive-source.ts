import { changeEvents, type Row } from '@millrace/formats';
import { DrivenSource, type DriveSourceOptions, type SavedSnapshot } from '@millrace/testing/drivers';
import { filesSource } from '../source/files-source.ts';
import { JOB } from './drive.ts';

/** One instance of the source; of its events the rows. */
export const startSource = (
  directory: string,
  stage: Record<string, unknown> = {},
  more: Partial<DriveSourceOptions<Row>> = {},
): Promise<DrivenSource<Row>> =>
  DrivenSource.start(filesSource, {
    config: { directory },
    stage: {
      files: '**',
      table: 'public.t',
      ...(stage['format'] === 'text' ? {} : { columns: { id: 'integer', note: 'text' }, key: ['id'] }),
      follow: false,
      poll: '100ms',
      ...stage,
    },
    job: JOB,
    read: (batch) => changeEvents(batch).map(({ after }) => after!),
    ...more,
  });

/** All rows of the source until it ends. */
export async function readRows(directory: string, stage: Record<string, unknown> = {}): Promise<Row[]> {
  await using source = await startSource(directory, stage);
  return (await source.run()).events.map((row) => ({ ...row }));
}

/**
 * Stops a source after a batch more each time and goes on from what it saved, until it has `count` rows or ends.
 * @returns the rows of each run
 */
export async function runInPieces(directory: string, stage: Record<string, unknown>, count: number): Promise<Row[][]> {
  const runs: Row[][] = [];
  let restored: SavedSnapshot | undefined;
  for (let left = count; left > 0; ) {
    await using source = await startSource(directory, stage, { batchesMax: 3 + runs.length, restored });
    let taken = -1;
    let idle = 0;
    // Stopped once the outbox has refused for a while, with pieces read ahead.
    await source.until(() => {
      idle = source.events.length === taken ? idle + 1 : 0;
      taken = source.events.length;
      return idle > 10 && taken > 0;
    });
    restored = await source.save();
    runs.push(source.events);
    left = source.events.length === 0 ? 0 : left - source.events.length;
  }
  return runs;
}
