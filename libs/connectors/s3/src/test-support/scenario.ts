import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SnapshotEntry } from '@millrace/engine';
import type { S3Config } from '../config.ts';
import { eventBatch, startSink, TABLES } from './drive.ts';

/** Events of the whole scenario. */
export const EVENT_COUNT = 400;
const EVENTS_PER_SNAPSHOT = 200;
const EVENTS_PER_BATCH = 100;

interface CommitRecord {
  readonly snapshotId: number;
  /** Position of the source. */
  readonly position: number;
  readonly entries: readonly { readonly partition: number; readonly key: string; readonly value: string }[];
}

const decode = ({ value, ...entry }: CommitRecord['entries'][number]): SnapshotEntry => ({
  ...entry,
  value: Buffer.from(value, 'base64'),
});

function readRecord(path: string): CommitRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as CommitRecord;
  } catch {
    return undefined;
  }
}

/** As the coordinator's store: an execution takes its generation first, and only the newest may write the record. */
function writeRecord(path: string, generation: number, record: CommitRecord): void {
  if (Number(readFileSync(`${path}.generation`, 'utf8')) !== generation) throw new Error('fenced by the store');
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

export interface ScenarioOptions {
  readonly config: S3Config;
  /** File of the commit record. */
  readonly record: string;
  readonly generation: number;
  /** Length of each row's text; with 60,000 an object has two parts. */
  readonly noteBytes: number;
}

/**
 * Source, coordinator and sink in one: continues from the commit record and runs to the end of the events.
 * @param onRecord called around the writing of the commit record.
 */
export async function runScenario(
  options: ScenarioOptions,
  onRecord: (moment: 'before' | 'after') => void = () => {},
): Promise<void> {
  const { config, record: path, generation, noteBytes } = options;
  writeFileSync(`${path}.generation`, String(generation));
  const record = readRecord(path);
  const restored = record && { snapshotId: record.snapshotId, entries: record.entries.map(decode) };
  const sink = await startSink({ config, generation, restored, stage: { partBytes: '5MiB' } });
  const note = 'n'.repeat(noteBytes);
  let snapshotId = record?.snapshotId ?? 0;
  for (let position = record?.position ?? 0; position < EVENT_COUNT; ) {
    for (const end = position + EVENTS_PER_SNAPSHOT; position < end; position += EVENTS_PER_BATCH)
      await sink.write(eventBatch(position, position + EVENTS_PER_BATCH, TABLES, note));
    snapshotId += 1;
    const entries = (await sink.prepare(snapshotId)).map(({ value, ...entry }) => ({
      ...entry,
      value: Buffer.from(value).toString('base64'),
    }));
    onRecord('before');
    writeRecord(path, generation, { snapshotId, position, entries });
    onRecord('after');
    await sink.commit(snapshotId);
  }
  await sink.close();
}
