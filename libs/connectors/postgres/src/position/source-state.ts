import { EVERY_INSTANCE, type SnapshotEntry } from '@millrace/engine';
import { formatLsn, type Lsn, parseLsn } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { StateUnreadable } from '../errors.ts';
import type { LoadState } from '../initial-load/contract.ts';

/** What a snapshot keeps of the source. */
export interface SourceState {
  /** The stream goes on with transactions whose commit record starts here or later. */
  readonly resumeLsn: Lsn;
  /** State of the initial load; absent when the stage has none. */
  readonly load: LoadState | undefined;
}

const ENTRY_KEY = 'source';
const STATE_VERSION = 1;

export function encodeState(state: SourceState): SnapshotEntry {
  const json = JSON.stringify({ version: STATE_VERSION, resumeLsn: formatLsn(state.resumeLsn), load: state.load });
  return { partition: EVERY_INSTANCE, key: ENTRY_KEY, value: Buffer.from(json) };
}

/** @throws MillraceError `postgres.state_unreadable` when another version wrote it. */
export function decodeState(entry: SnapshotEntry): SourceState {
  const json = JSON.parse(Buffer.from(entry.value).toString('utf8')) as {
    version?: unknown;
    resumeLsn?: unknown;
    load?: LoadState;
  };
  if (entry.key !== ENTRY_KEY || json.version !== STATE_VERSION || typeof json.resumeLsn !== 'string') {
    throw new MillraceError(StateUnreadable, {
      message: `the snapshot holds source state of version ${String(json.version)}; this program reads version ${STATE_VERSION}`,
      mend: 'Run the job with the version of Millrace that took the snapshot.',
      details: { key: entry.key, version: json.version },
    });
  }
  return { resumeLsn: parseLsn(json.resumeLsn), load: json.load };
}
