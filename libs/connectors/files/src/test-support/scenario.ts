import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SnapshotEntry } from '@millrace/engine';
import { eventBatch, startSink } from './drive.ts';

/** Events of the whole scenario. */
export const EVENT_COUNT = 3_000;
const EVENTS_PER_SNAPSHOT = 1_000;

interface Record {
  readonly snapshotId: number;
  /** Position of the source. */
  readonly position: number;
  readonly entries: readonly { readonly partition: number; readonly key: string; readonly value: string }[];
}

const decode = ({ value, ...entry }: Record['entries'][number]): SnapshotEntry => ({
  ...entry,
  value: Buffer.from(value, 'base64'),
});

function readRecord(path: string): Record | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record;
  } catch {
    return undefined;
  }
}

/** As the coordinator's store: an execution takes its generation first, and only the newest may write the record. */
function writeRecord(path: string, generation: number, record: Record): void {
  if (Number(readFileSync(`${path}.generation`, 'utf8')) !== generation) throw new Error('fenced by the store');
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

/** Source, coordinator and sink in one: continues from the commit record at `recordPath` and runs to the end of the events. */
export async function runScenario(directory: string, recordPath: string, generation: number): Promise<void> {
  writeFileSync(`${recordPath}.generation`, String(generation));
  const record = readRecord(recordPath);
  const restored = record && { snapshotId: record.snapshotId, entries: record.entries.map(decode) };
  const sink = await startSink({ directory, generation, restored, stage: { rollBytes: '64KiB' } });
  let snapshotId = record?.snapshotId ?? 0;
  for (let position = record?.position ?? 0; position < EVENT_COUNT; ) {
    for (const end = position + EVENTS_PER_SNAPSHOT; position < end; position += 500)
      await sink.write(eventBatch(position, position + 500));
    snapshotId += 1;
    const entries = (await sink.prepare(snapshotId)).map(({ value, ...entry }) => ({
      ...entry,
      value: Buffer.from(value).toString('base64'),
    }));
    writeRecord(recordPath, generation, { snapshotId, position, entries });
    await sink.commit(snapshotId);
  }
  await sink.close();
}
