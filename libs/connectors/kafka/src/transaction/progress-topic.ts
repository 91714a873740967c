import type { JobIdentity } from '@millrace/connector-contract';
import { formatLsn, type Lsn, parseLsn } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { protocolCode } from '../cluster/client-error.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Transient } from '../cluster/retry.ts';
import { ProgressLost } from '../errors.ts';
import { Code } from '../protocol/codes.ts';
import { committedRecords, offsetAfter } from '../read/committed-records.ts';
import { fetchCommitted } from '../read/fetch.ts';
import { Edge, Isolation, offsetOf } from '../read/offsets.ts';

const FETCH_BYTES = 1_024 * 1_024;
const WAIT_MS = 500;
const POSITION = 'position';
const LEFT_OUT = 'left-out ';
export const PROGRESS_KEY: Uint8Array = new TextEncoder().encode(POSITION);
export const leftOutKey = (slot: number): Uint8Array => new TextEncoder().encode(LEFT_OUT + slot);

/** One partition, of which compaction keeps the newest record, for ever. */
export const PROGRESS_SETTINGS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'segment.ms': '600000',
};

/** The topic that holds up to where a stage has written its source; nobody else writes to it. */
export const progressTopic = ({ jobId, stage }: JobIdentity): string => `millrace.${jobId}.${stage}.progress`;

export const encodeProgress = (position: Lsn): Uint8Array => new TextEncoder().encode(formatLsn(position));

/** What a snapshot says of the topic. */
export interface SavedProgress {
  /** Where to read on, decimal: nothing before it is newer than `position`. */
  readonly offset: string;
  /** Absent: nothing was written yet. */
  readonly position: string | undefined;
  /** Events that the position covers though they were left out, and that are to come again. */
  readonly leftOut?: readonly string[];
}

export interface FoundProgress {
  readonly position: Lsn | undefined;
  /** Where it was found; where to look for the first, when there is none. */
  readonly offset: bigint;
  /** What it covers though it was left out, since the snapshot; by slot. */
  readonly leftOut: ReadonlyMap<number, string>;
}

/** For a job that begins: what the topic holds is of an earlier start. */
export const startOfProgress = async (cluster: Cluster, topic: string): Promise<FoundProgress> => ({
  position: undefined,
  offset: await endOfTopic(cluster, topic),
  leftOut: new Map(),
});

/**
 * The newest committed position in the topic. To be called when all transactional ids of its writer have been taken over, so that nothing can be
 * added meanwhile.
 * @param saved of the restored snapshot; `undefined`: read from the beginning
 * @throws MillraceError `kafka.progress_lost` when the topic holds less than the snapshot says
 */
export async function readProgress(
  cluster: Cluster,
  topic: string,
  saved: SavedProgress | undefined,
): Promise<FoundProgress> {
  const known = saved?.position === undefined ? undefined : parseLsn(saved.position);
  const end = await endOfTopic(cluster, topic);
  const begin = BigInt(saved?.offset ?? (await offsetOf(cluster, topic, 0, Edge.Earliest)));
  if (begin > end) throw progressLost(topic, saved);
  const leftOut = new Map<number, string>();
  let newest: FoundProgress = { position: undefined, offset: begin, leftOut };
  try {
    for (let from = begin; from < end; ) {
      const place = { topic, partition: 0, offset: from, bytesMax: FETCH_BYTES, waitMs: WAIT_MS };
      const found = await cluster.persist(`read ${topic}`, () => fetchCommitted(cluster, place));
      const batches = found.records ?? [];
      for (const { record, offset } of committedRecords(batches, found.abortedTransactions ?? [], from)) {
        const key = record.key!.toString();
        const value = record.value!.toString();
        if (key === POSITION) newest = { position: parseLsn(value), offset, leftOut };
        else leftOut.set(Number(key.slice(LEFT_OUT.length)), value);
      }
      from = offsetAfter(batches, from);
    }
  } catch (error) {
    throw protocolCode(error) === Code.OffsetOutOfRange ? progressLost(topic, saved) : error;
  }
  const isLost = known !== undefined && (newest.position === undefined || newest.position < known);
  if (isLost) throw progressLost(topic, saved);
  return newest;
}

/** Everything before it has ended: what was aborted by a take-over, as well as what was committed. */
function endOfTopic(cluster: Cluster, topic: string): Promise<bigint> {
  return cluster.persist(`read to the end of ${topic}`, async () => {
    const [all, committed] = await Promise.all([
      offsetOf(cluster, topic, 0, Edge.Latest, Isolation.ReadUncommitted),
      offsetOf(cluster, topic, 0, Edge.Latest),
    ]);
    if (all !== committed) throw new Transient('a transaction is being ended');
    return all;
  });
}

function progressLost(topic: string, saved: SavedProgress | undefined): MillraceError {
  return new MillraceError(ProgressLost, {
    message: `topic ${topic} no longer says that changes up to ${saved?.position ?? 'the snapshot'} are written: it was deleted, made anew or cut off`,
    mend: 'What came after the last snapshot may be in the topics already. Start the job anew with its initial load, into new topics if the old rows must not stay.',
    details: { topic, offset: saved?.offset, position: saved?.position },
  });
}
