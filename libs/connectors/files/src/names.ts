import { createHash } from 'node:crypto';
import type { JobIdentity } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';

/** Folder below the directory for what is not yet visible. */
export const HIDDEN_FOLDER = '.millrace';

/** What Linux and macOS take as one part of a path. Other names are in one character a byte: see `safePart`. */
const PART_BYTES_MAX = 255;
const HASH_CHARACTERS = 16;

/** A file on its way: where it is now and where it will appear, both relative to the directory. */
export interface PreparedFile {
  readonly temporary: string;
  readonly final: string;
  readonly snapshotId: number;
}

/** Which writer of which attempt made a temporary file. */
export interface TemporaryOwner {
  readonly writer: number;
  readonly generation: number;
}

/** One part of a path from a name that may hold anything: no separator, no leading dot, nothing outside letters, digits, `_`, `-`, `.`. */
export function safePart(name: string): string {
  const encoded = encodeURIComponent(name).replace(
    /[!'()*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return encoded.startsWith('.') ? `%2E${encoded.slice(1)}` : encoded;
}

/** The folder of a table's files. A part that file systems would not take is cut and ends with a hash, so that no two tables share one. */
export const renderPath = (template: string, schema: TableSchema, job: JobIdentity): string =>
  template
    .replaceAll('{schema}', safePart(schema.schema))
    .replaceAll('{table}', safePart(schema.table))
    .replaceAll('{job}', safePart(job.jobName))
    .split('/')
    .map((part) => (part.length <= PART_BYTES_MAX ? part : shortened(part)))
    .join('/');

function shortened(part: string): string {
  const hash = createHash('sha256').update(part).digest('hex').slice(0, HASH_CHARACTERS);
  // Not in the middle of a %XX.
  return `${part.slice(0, PART_BYTES_MAX - HASH_CHARACTERS - 1).replace(/%[0-9A-F]?$/, '')}~${hash}`;
}

/** Ids and stage names hold no dot (see `nameSchema`), so the parts of a name can be told apart. */
const prefix = (job: JobIdentity): string => `${job.jobId}.${job.stage}.`;

export const temporaryName = (job: JobIdentity, { writer, generation }: TemporaryOwner, sequence: number): string =>
  `${HIDDEN_FOLDER}/${prefix(job)}w${writer}.g${generation}.${sequence}.tmp`;

/** The owner when `name` (without folder) is a temporary file of this job and stage. */
export function temporaryOwner(job: JobIdentity, name: string): TemporaryOwner | undefined {
  if (!name.startsWith(prefix(job))) return undefined;
  const match = /^w(\d+)\.g(\d+)\.\d+\.tmp$/.exec(name.slice(prefix(job).length));
  return match === null ? undefined : { writer: Number(match[1]), generation: Number(match[2]) };
}

export const fenceName = (job: JobIdentity, { writer, generation }: TemporaryOwner): string =>
  `${HIDDEN_FOLDER}/${prefix(job)}w${writer}.g${generation}.fence`;

/** The owner when `name` (without folder) is a fence of this job and stage. */
export function fenceOwner(job: JobIdentity, name: string): TemporaryOwner | undefined {
  return name.endsWith('.fence') ? temporaryOwner(job, name.replace(/\.fence$/, '.0.tmp')) : undefined;
}

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

/**
 * Job, writer, attempt, snapshot, sequence: unique, and sorted by name the files of a writer hold the events in order. The attempt
 * is in it because a job that is started anew counts its snapshots from the beginning again.
 */
export const finalName = (
  folder: string,
  job: JobIdentity,
  { writer, generation }: TemporaryOwner,
  snapshotId: number,
  sequence: number,
  extension: string,
): string =>
  `${folder}/${job.jobId}-${job.stage}-${digits(writer, 3)}-${digits(generation, 8)}-${digits(snapshotId, 10)}-${digits(sequence, 6)}.${extension}`;
