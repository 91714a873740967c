import type { JobIdentity } from '@millrace/connector-contract';

/** Folder below the prefix for what is not data: fences and manifests. Readers of folders skip names with an underscore. */
const OWN_FOLDER = '_millrace';

/** The key, below the prefix, is of a fence, a manifest or a probe. */
export const isOwn = (key: string): boolean => key.startsWith(`${OWN_FOLDER}/`);

/** Which writer of which execution made an object. */
export interface Owner {
  readonly writer: number;
  /** Number of the execution (its fencing token). */
  readonly generation: number;
}

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

/** Ids hold no dash, and the numbers' widths tell the rest apart. */
const objectPrefix = (job: JobIdentity): string => `${job.jobId}-${job.stage}-`;

/**
 * Job, stage, writer, execution, snapshot, sequence: unique, and sorted by name the objects of a writer and folder hold its events in order. The
 * execution is in it because a job that is started anew counts its snapshots from the beginning again. The snapshot is the one that was expected when the
 * object was begun; when that one failed a later one showed the object.
 */
export const objectName = (
  job: JobIdentity,
  { writer, generation }: Owner,
  snapshotId: number,
  sequence: number,
  extension: string,
): string =>
  `${objectPrefix(job)}${digits(writer, 3)}-${digits(generation, 8)}-${digits(snapshotId, 10)}-${digits(sequence, 6)}.${extension}`;

/** Who made the object with this key; `undefined` when it is not of this job and stage. */
export function objectOwner(job: JobIdentity, key: string): Owner | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1);
  if (!name.startsWith(objectPrefix(job))) return undefined;
  const match = /^(\d{3,})-(\d{8,})-\d{10,}-\d{6,}\./.exec(name.slice(objectPrefix(job).length));
  return match === null ? undefined : { writer: Number(match[1]), generation: Number(match[2]) };
}

/** Where the fences of a job's stage are. */
export const fencePrefix = (prefix: string, job: JobIdentity): string =>
  `${prefix}${OWN_FOLDER}/fences/${job.jobId}/${job.stage}/`;

export const fenceKey = (prefix: string, job: JobIdentity, { writer, generation }: Owner): string =>
  `${fencePrefix(prefix, job)}${digits(generation, 8)}-${digits(writer, 3)}`;

/** The owner of a fence below `fencePrefix`. */
export function fenceOwner(key: string): Owner | undefined {
  const match = /(\d{8,})-(\d{3,})$/.exec(key);
  return match === null ? undefined : { generation: Number(match[1]), writer: Number(match[2]) };
}

/** The manifest of what one writer has shown with one snapshot. Sorted by name they are in order. */
export const manifestKey = (
  prefix: string,
  job: JobIdentity,
  { writer, generation }: Owner,
  snapshotId: number,
): string =>
  `${manifestPrefix(prefix, job)}${digits(generation, 8)}-${digits(snapshotId, 10)}-${digits(writer, 3)}.json`;

/** Where the manifests of a job's stage are. */
export const manifestPrefix = (prefix: string, job: JobIdentity): string =>
  `${prefix}${OWN_FOLDER}/manifests/${job.jobId}/${job.stage}/`;

/** Where the compactions of a job's stage are. */
export const compactionPrefix = (prefix: string, job: JobIdentity): string =>
  `${prefix}${OWN_FOLDER}/compactions/${job.jobId}/${job.stage}/`;

/** An object that stands for others; of none of the executions. */
export const compactedName = (job: JobIdentity, token: string, sequence: number, extension: string): string =>
  `${objectPrefix(job)}compacted-${token}-${digits(sequence, 6)}${extension}`;

/** What a check writes and removes. */
export const probeKey = (prefix: string, id: string): string => `${prefix}${OWN_FOLDER}/probes/${id}`;
