import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SavedSnapshot } from '@millrace/testing/drivers';
import { watchOperations } from './watched-operations.ts';

/**
 * Source, coordinator and sink in one process: goes on from the commit record in a folder, until `count` rows are committed in all, and dies
 * of SIGKILL before an operation. Arguments: folder, number of that operation (0: none), count.
 */
const [base = '', killAt = '0', count = '0'] = process.argv.slice(2);
let operations = 0;
const step = (): void => {
  operations += 1;
  if (operations === Number(killAt)) process.kill(process.pid, 'SIGKILL');
};
watchOperations(step);
const { startSource } = await import('./drive-source.ts');

interface Record {
  readonly snapshotId: number;
  readonly rows: number;
  readonly bytes: number;
  readonly entries: readonly { readonly partition: number; readonly key: string; readonly value: string }[];
}

const [out, recordPath] = [join(base, 'out'), join(base, 'record.json')];

function readRecord(): Record {
  try {
    return JSON.parse(readFileSync(recordPath, 'utf8')) as Record;
  } catch {
    return { snapshotId: 0, rows: 0, bytes: 0, entries: [] };
  }
}

let record = readRecord();
// Rows behind the record belong to no committed snapshot.
appendFileSync(out, '');
truncateSync(out, record.bytes);
const restored: SavedSnapshot = {
  snapshotId: record.snapshotId,
  entries: record.entries.map(({ value, ...entry }) => ({ ...entry, value: Buffer.from(value, 'base64') })),
};
const source = await startSource(
  join(base, 'in'),
  { files: '*.log*', follow: true },
  { restored: record.snapshotId === 0 ? undefined : restored },
);
for (let shown = 0; record.rows < Number(count); ) {
  await source.until(() => source.events.length > shown);
  const rows = source.events.slice(shown);
  shown += rows.length;
  const text = rows.map(({ id }) => `${id as number}\n`).join('');
  appendFileSync(out, text);
  step();
  const before = source.events.length;
  const { snapshotId, entries } = await source.save();
  if (source.events.length !== before) throw new Error('rows came while the snapshot was taken');
  record = {
    snapshotId,
    rows: record.rows + rows.length,
    bytes: record.bytes + text.length,
    entries: entries.map(({ value, ...entry }) => ({ ...entry, value: Buffer.from(value).toString('base64') })),
  };
  writeFileSync(`${recordPath}.new`, JSON.stringify(record));
  step();
  renameSync(`${recordPath}.new`, recordPath);
  step();
}
await source.close();
