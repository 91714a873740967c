import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SinkConnector } from '@millrace/connector-contract';
import type { SnapshotEntry } from '@millrace/engine';
import type { DriveOptions } from '../drivers/driven-processor.ts';
import { DrivenSink } from '../drivers/driven-sink.ts';
import { runToBeKilled } from './run-to-be-killed.ts';
import { insertBatches } from './test-rows.ts';

export const SCENARIO_ROWS = 90;
const ROWS_PER_SNAPSHOT = 30;

interface Options {
  readonly config: unknown;
  readonly stage: unknown;
  readonly jobId: string;
  readonly generation: number;
  /** Of the job; exactly-once if absent. */
  readonly guarantee?: DriveOptions['guarantee'];
  /** File of the commit record. */
  readonly record: string;
}

export interface Scenario extends Options {
  // biome-ignore lint/suspicious/noExplicitAny: of any options
  readonly connector: SinkConnector<any, any>;
}

/** A scenario for a process that kills itself. */
export interface Killed extends Options {
  readonly module: { readonly url: string; readonly name: string };
  readonly killAt: number;
}

interface CommitRecord {
  readonly snapshotId: number;
  /** Rows of the source that are covered. */
  readonly position: number;
  readonly entries: readonly { readonly partition: number; readonly key: string; readonly value: string }[];
}

function readRecord(path: string): CommitRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as CommitRecord;
  } catch {
    return undefined;
  }
}

/** Runs a step; a test stops or kills the process around it. */
type Around = (step: () => Promise<void>) => Promise<void>;

/**
 * Source, coordinator and sink in one: continues from the commit record and runs to the end of the rows. Write, prepare, record and commit of each
 * snapshot go through `around`.
 */
export async function runScenario(
  { connector, config, stage, jobId, generation, guarantee, record: path }: Scenario,
  around: Around = (step) => step(),
): Promise<void> {
  const record = readRecord(path);
  const restored = record && {
    snapshotId: record.snapshotId,
    entries: record.entries.map(
      ({ value, ...entry }): SnapshotEntry => ({ ...entry, value: Buffer.from(value, 'base64') }),
    ),
  };
  const options = { config, stage, job: { jobId }, generation, guarantee, restored };
  await using sink = await DrivenSink.start(connector, options);
  let snapshotId = record?.snapshotId ?? 0;
  for (let position = record?.position ?? 0; position < SCENARIO_ROWS; ) {
    const end = position + ROWS_PER_SNAPSHOT;
    const next = snapshotId + 1;
    let entries: SnapshotEntry[] = [];
    await around(() => sink.write(...insertBatches(position, end)));
    await around(async () => {
      entries = await sink.prepare(next);
    });
    await around(async () => {
      const texts = entries.map(({ value, ...entry }) => ({ ...entry, value: Buffer.from(value).toString('base64') }));
      writeFileSync(`${path}.new`, JSON.stringify({ snapshotId: next, position: end, entries: texts }));
      renameSync(`${path}.new`, path);
    });
    await around(() => sink.commit(next));
    position = end;
    snapshotId = next;
  }
}

/** Whether the process was killed; `false` when it came to the end of the rows. */
export const runAndKill = (killed: Killed): Promise<boolean> => runToBeKilled('kill-child', killed);
