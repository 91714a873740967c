import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SourceConnector } from '@millrace/connector-contract';
import { changeEvents } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { DrivenSource } from '../drivers/driven-source.ts';
import { runToBeKilled } from './run-to-be-killed.ts';

/** With no rows for so long a snapshot is taken all the same: a source may have something to finish. */
const IDLE_MS = 300;

interface Options {
  readonly config: unknown;
  readonly stage: unknown;
  readonly jobId: string;
  /** File of the commit record. */
  readonly record: string;
  /** Id of the row that comes last. */
  readonly last: number;
}

interface SourceScenario extends Options {
  // biome-ignore lint/suspicious/noExplicitAny: of any options
  readonly connector: SourceConnector<any, any>;
}

/** A scenario for a process that kills itself. */
export interface KilledSource extends Options {
  readonly module: { readonly url: string; readonly name: string };
  /** Number of the moment at which it dies; 0: it runs to the end. */
  readonly killAt: number;
}

interface CommitRecord {
  readonly snapshotId: number;
  readonly generation: number;
  readonly entries: readonly { readonly partition: number; readonly key: string; readonly value: string }[];
  /** What readers see: the sink is in the record. */
  readonly ids: readonly number[];
}

function readRecord(path: string): CommitRecord {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as CommitRecord;
  } catch {
    return { snapshotId: 0, generation: 0, entries: [], ids: [] };
  }
}

/** Ids of rows that committed snapshots hold, each as often as it is there. */
export const idsOfRecord = (path: string): readonly number[] => readRecord(path).ids;

/**
 * Source, coordinator and sink in one: goes on from the commit record until a snapshot holds the last row. Handing on, save, record and commit of each snapshot
 * go through `around`.
 */
export async function runSourceScenario(
  { connector, config, stage, jobId, record: path, last }: SourceScenario,
  around: (step: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const before = readRecord(path);
  // Also that of an execution that left no record.
  const generation = before.generation + 1;
  const write = (record: CommitRecord): void => {
    writeFileSync(`${path}.new`, JSON.stringify(record));
    renameSync(`${path}.new`, path);
  };
  write({ ...before, generation });
  const restored = {
    snapshotId: before.snapshotId,
    entries: before.entries.map(({ value, ...entry }) => ({ ...entry, value: Buffer.from(value, 'base64') })),
  };
  await using source = await DrivenSource.start(connector, {
    config,
    stage,
    job: { jobId },
    generation,
    restored: before.snapshotId === 0 ? undefined : restored,
    read: (batch) => changeEvents(batch).map(({ after }) => Number(after!['id'])),
  });
  if (before.snapshotId === 0) await source.snapshot();
  for (let seen = 0; !readRecord(path).ids.includes(last); ) {
    await around(async () => {
      const sinceMs = systemClock.monotonicMs();
      const isIdle = (): boolean => systemClock.monotonicMs() - sinceMs > IDLE_MS;
      await source.until(() => source.events.length > seen || isIdle());
    });
    let saved: Awaited<ReturnType<typeof source.save>> | undefined;
    await around(async () => {
      saved = await source.save();
      seen = source.events.length;
    });
    const { snapshotId, entries } = saved!;
    const ids = [...before.ids, ...source.events];
    const encoded = entries.map(({ value, ...entry }) => ({ ...entry, value: Buffer.from(value).toString('base64') }));
    await around(async () => write({ snapshotId, generation, entries: encoded, ids }));
    await around(() => source.commit(snapshotId));
  }
}

/** @returns whether it was killed; `false` when it came to the last row */
export const runSourceAndKill = (killed: KilledSource): Promise<boolean> => runToBeKilled('kill-source-child', killed);
