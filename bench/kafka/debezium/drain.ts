import type { TestDatabase } from '@millrace/testing';
import type { Cluster } from '../../../libs/connectors/kafka/src/cluster/cluster.ts';
import { committedRecords, offsetAfter } from '../../../libs/connectors/kafka/src/read/committed-records.ts';
import { fetchCommitted } from '../../../libs/connectors/kafka/src/read/fetch.ts';
import { readableEnds } from '../../../libs/connectors/kafka/src/read/offsets.ts';
import type { Backlog } from '../../harness/backlog.ts';
import { watchMemory } from '../../harness/process-tree.ts';

/** Share of the backlog after which compilers and caches are warm. */
const WARM_SHARE = 0.4;
const SLOT_POLL_MS = 5;
const TOPIC_POLL_MS = 20;
/** Nothing new for so long: it hangs, or has ended. */
const STALLED_MS = 120_000;
const FETCH_BYTES = 16 * 1_024 * 1_024;

/** A running process that drains a slot into a topic. */
export interface Side {
  readonly pid: number;
  stop(): Promise<unknown>;
  /** For the error when nothing comes. */
  said(): string;
}

export interface Drained {
  /** From where 40 % of the backlog were readable to the last record. */
  readonly rowsPerSecond: number;
  /** Of the whole backlog, from when the slot was read, with all that is not warm yet. */
  readonly rowsPerSecondFromSlot: number;
  /** From the start of the process until it read the slot. */
  readonly startSeconds: number;
  /** From there until those 40 % were readable. */
  readonly warmUpSeconds: number;
  readonly peakMiB: number;
  /** Key and value, without compression. */
  readonly bytesPerRecord: number;
}

export interface Drain {
  readonly database: TestDatabase;
  readonly backlog: Backlog;
  /** A copy of the backlog's. */
  readonly slot: string;
  readonly cluster: Cluster;
  /** Of one partition, and empty. */
  readonly topic: string;
  readonly start: () => Promise<Side>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets a process drain a backlog, and reads the topic afterwards. @throws Error when it stalls, or records are missing or there twice */
export async function drain(task: Drain): Promise<Drained> {
  const { rows } = task.backlog;
  const startedAt = performance.now();
  const side = await task.start();
  const memory = watchMemory(side.pid);
  try {
    const readFrom = await untilSlotIsRead(task, side);
    const { warm, end } = await untilLast(task, side);
    if (warm.at === end) throw new Error('everything became readable at once: it wants a larger --scale');
    const peakMiB = memory.peakMiB();
    await side.stop();
    const { records, bytes } = await readAll(task);
    if (records !== rows) throw new Error(`${records} records are in the topic, ${rows} changes were made`);
    return {
      rowsPerSecond: Math.round((rows - warm.count) / ((end - warm.at) / 1_000)),
      rowsPerSecondFromSlot: Math.round(rows / ((end - readFrom) / 1_000)),
      startSeconds: round((readFrom - startedAt) / 1_000),
      warmUpSeconds: round((warm.at - readFrom) / 1_000),
      peakMiB,
      bytesPerRecord: Math.round(bytes / records),
    };
  } finally {
    memory.peakMiB();
    // After an error that one counts, not what ending says.
    await side.stop().catch(() => {});
  }
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100;

async function untilSlotIsRead({ database, slot }: Drain, side: Side): Promise<number> {
  const client = await database.connect();
  const deadline = performance.now() + STALLED_MS;
  try {
    for (;;) {
      const { rows } = await client.query('select 1 from pg_replication_slots where slot_name = $1 and active', [slot]);
      if (rows.length > 0) return performance.now();
      if (performance.now() > deadline) throw new Error(`nobody reads the slot: ${side.said()}`);
      await pause(SLOT_POLL_MS);
    }
  } finally {
    await client.end();
  }
}

/** Looks at the end of what is readable. Markers of transactions count as well: some dozens among a million. */
async function untilLast(
  task: Drain,
  side: Side,
): Promise<{ readonly warm: { readonly count: number; readonly at: number }; readonly end: number }> {
  const { cluster, topic, backlog } = task;
  let warm: { count: number; at: number } | undefined;
  let [seen, seenAt] = [0, performance.now()];
  for (;;) {
    const [end] = await readableEnds(cluster, [{ topic, partition: 0 }]);
    const now = performance.now();
    if (Number(end) > seen) {
      [seen, seenAt] = [Number(end), now];
      if (seen >= backlog.rows * WARM_SHARE) warm ??= { count: seen, at: now };
      if (seen >= backlog.rows && (await isLast(task, end!))) return { warm: warm!, end: now };
    }
    if (now - seenAt > STALLED_MS) throw new Error(`${seen} of ${backlog.rows} rows are readable: ${side.said()}`);
    await pause(TOPIC_POLL_MS);
  }
}

/** Whether the record before the end (and before a marker) is the backlog's last change, a delete. */
async function isLast({ cluster, topic, backlog }: Drain, end: bigint): Promise<boolean> {
  const place = { topic, partition: 0, offset: end - 2n };
  const { records, abortedTransactions } = await fetchCommitted(cluster, {
    ...place,
    bytesMax: FETCH_BYTES,
    waitMs: 0,
  });
  const found = [...committedRecords(records ?? [], abortedTransactions ?? [], place.offset)].at(-1);
  const change = JSON.parse(String(found?.record.value ?? null)) as { op: string; before: { id: number } } | null;
  return change?.op === 'd' && change.before.id === backlog.lastId;
}

async function readAll({ cluster, topic }: Drain): Promise<{ readonly records: number; readonly bytes: number }> {
  const [end] = await readableEnds(cluster, [{ topic, partition: 0 }]);
  let [records, bytes, offset] = [0, 0, 0n];
  while (offset < end!) {
    const found = await fetchCommitted(cluster, { topic, partition: 0, offset, bytesMax: FETCH_BYTES, waitMs: 0 });
    const batches = found.records ?? [];
    for (const { record } of committedRecords(batches, found.abortedTransactions ?? [], offset)) {
      records += 1;
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    }
    offset = offsetAfter(batches, offset);
  }
  return { records, bytes };
}
