import { renameSync, writeFileSync } from 'node:fs';
import type { SourceConnector } from '@millrace/connector-contract';
import { changeEvents } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { DrivenSource } from '../drivers/driven-source.ts';
import { type KilledSource, type SourceRecord, sourceRecord } from './source-scenario.ts';

/**
 * A job with its sink in the commit record: runs the source, takes a snapshot every few milliseconds, and kills itself with SIGKILL at the n-th moment before or after a step of one that holds rows.
 * Argument: `KilledSource` as JSON. Runs until it is killed.
 */
const SNAPSHOT_MS = 5;
const { config, stage, record: path, killAt, module } = JSON.parse(process.argv[2]!) as KilledSource;

let moments = 0;
const moment = (): void => {
  moments += 1;
  if (moments === killAt) process.kill(process.pid, 'SIGKILL');
};

const exports = (await import(module.url)) as Readonly<Record<string, unknown>>;
const before = sourceRecord(path);
const generation = before.generation + 1;
const entries = before.entries.map(({ value, ...entry }) => ({ ...entry, value: Buffer.from(value, 'base64') }));
// biome-ignore lint/suspicious/noExplicitAny: of any options
const source = await DrivenSource.start(exports[module.name] as SourceConnector<any, any>, {
  config,
  stage,
  generation,
  restored: before.snapshotId === 0 ? undefined : { snapshotId: before.snapshotId, entries },
  read: (batch) => changeEvents(batch).map((event) => `${event.op} ${Number((event.after ?? event.before)!['id'])}`),
});
for (let seen = 0; ; ) {
  const sinceMs = systemClock.monotonicMs();
  await source.until(() => systemClock.monotonicMs() - sinceMs > SNAPSHOT_MS);
  const isMoment = source.events.length > seen;
  seen = source.events.length;
  if (isMoment) moment();
  const saved = await source.save();
  const events = [...before.events, ...source.events];
  if (isMoment) moment();
  const texts = saved.entries.map(({ value, ...entry }) => ({
    ...entry,
    value: Buffer.from(value).toString('base64'),
  }));
  const record: SourceRecord = { snapshotId: saved.snapshotId, generation, entries: texts, events };
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
  if (isMoment) moment();
  await source.commit(saved.snapshotId);
  if (isMoment) moment();
}
