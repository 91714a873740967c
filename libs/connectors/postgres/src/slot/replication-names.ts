import { createHash } from 'node:crypto';
import type { JobIdentity } from '@millrace/connector-contract';

const JOB_SLOT = /^millrace_([0-9a-hjkmnp-tv-z]{26})_/;

/** Id of the job whose slot has this name; `undefined` for others. */
export const jobOfSlot = (slot: string): string | undefined => JOB_SLOT.exec(slot)?.[1]?.toUpperCase();

/** NAMEDATALEN - 1. */
const NAME_BYTES_MAX = 63;
const HASH_DIGITS = 8;

export interface ReplicationNames {
  readonly slot: string;
  readonly publication: string;
}

/**
 * Names of a job's slot and publication: one of each per job and source stage. Slot names allow only `[a-z0-9_]`; a stage whose
 * name has to be changed or cut for that gets a hash, so that two stages never share a slot.
 */
export function replicationNames({ jobId, stage }: JobIdentity): ReplicationNames {
  const prefix = `millrace_${jobId.toLowerCase()}_`;
  const plain = stage.toLowerCase().replace(/[^a-z0-9_]/g, '_');
  const room = NAME_BYTES_MAX - prefix.length;
  const hash = createHash('sha256').update(stage).digest('hex').slice(0, HASH_DIGITS);
  const suffix = plain === stage && plain.length <= room ? plain : `${plain.slice(0, room - HASH_DIGITS - 1)}_${hash}`;
  return { slot: prefix + suffix, publication: prefix + suffix };
}
