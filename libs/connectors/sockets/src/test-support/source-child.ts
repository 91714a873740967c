import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { changeEvents } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { DrivenSource } from '@millrace/testing/drivers';
import { socketsSource } from '../source/sockets-source.ts';

/**
 * A job with its sink in the commit record: runs the source, takes a snapshot every few milliseconds, and kills itself with SIGKILL at the n-th moment before or after a step of one that holds rows.
 * Argument: `SourceRun` as JSON. Runs until it is killed.
 */
export interface SourceRun {
  readonly config: unknown;
  readonly stage: unknown;
  readonly record: string;
  readonly killAt: number;
}

export interface SourceRecord {
  readonly snapshotId: number;
  readonly generation: number;
  readonly state: readonly { readonly key: string; readonly value: string }[];
  /** What readers see. */
  readonly ids: readonly number[];
}

const { config, stage, record: path, killAt } = JSON.parse(process.argv[2]!) as SourceRun;
const SNAPSHOT_MS = 5;

function lastRecord(): SourceRecord {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SourceRecord;
  } catch {
    return { snapshotId: 0, generation: 0, state: [], ids: [] };
  }
}

let moments = 0;
const moment = (): void => {
  moments += 1;
  if (moments === killAt) process.kill(process.pid, 'SIGKILL');
};

const before = lastRecord();
const generation = before.generation + 1;
const entries = before.state.map(({ key, value }) => ({ partition: -1, key, value: Buffer.from(value) }));
const source = await DrivenSource.start(socketsSource, {
  config,
  stage,
  generation,
  restored: before.snapshotId === 0 ? undefined : { snapshotId: before.snapshotId, entries },
  read: (batch) => changeEvents(batch).map(({ after }) => Number(after!['id'])),
});
for (let seen = 0; ; ) {
  const sinceMs = systemClock.monotonicMs();
  await source.until(() => systemClock.monotonicMs() - sinceMs > SNAPSHOT_MS);
  const isMoment = source.events.length > seen;
  seen = source.events.length;
  if (isMoment) moment();
  const saved = await source.save();
  const ids = [...before.ids, ...source.events];
  if (isMoment) moment();
  const state = saved.entries.map(({ key, value }) => ({ key, value: Buffer.from(value).toString() }));
  const record: SourceRecord = { snapshotId: saved.snapshotId, generation, state, ids };
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
  if (isMoment) moment();
  await source.commit(saved.snapshotId);
  if (isMoment) moment();
}
