import { type Column, formatLsn, type Position, type TableSchema } from '@millrace/formats';
import type { Upload } from '../bucket/bucket.ts';

/** A place in the source as text: LSN of the commit record and index in its transaction. */
interface PositionText {
  readonly lsn: string;
  readonly index: number;
}

const positionText = (position: Position | undefined): PositionText | null =>
  position === undefined ? null : { lsn: formatLsn(position.commitLsn), index: position.index };

/** An object whose parts are all uploaded; completing the upload shows it. */
export interface SealedObject extends Upload {
  readonly sequence: number;
  readonly etags: readonly string[];
  readonly schema: TableSchema;
  readonly rows: number;
  /** As stored. */
  readonly bytes: number;
  /** Of the events that have a position (rows of the initial load don't). */
  readonly first: Position | undefined;
  readonly last: Position | undefined;
}

/** What one writer shows with one snapshot, for readers that want to be told. */
export interface Manifest {
  /** Version of this form. */
  readonly format: 1;
  readonly job: { readonly id: string; readonly name: string };
  readonly stage: string;
  readonly writer: number;
  readonly execution: number;
  readonly snapshot: number;
  readonly rows: number;
  readonly bytes: number;
  readonly tables: readonly { readonly table: string; readonly columns: readonly ManifestColumn[] }[];
  readonly objects: readonly {
    readonly key: string;
    /** Index into `tables`. */
    readonly table: number;
    readonly rows: number;
    readonly bytes: number;
    readonly first: PositionText | null;
    readonly last: PositionText | null;
  }[];
}

type ManifestColumn = Pick<Column, 'name' | 'kind' | 'sqlType' | 'key'>;

/** What a snapshot has prepared: the handles that complete it, and the manifest that says so afterwards. All of it is in the saved state. */
export interface PreparedGroup {
  readonly snapshotId: number;
  readonly manifestKey: string;
  readonly manifest: Manifest;
  readonly uploads: readonly { readonly uploadId: string; readonly etags: readonly string[] }[];
}

/** The saved state of one writer. */
export interface SavedWriter {
  readonly writer: number;
  readonly groups: readonly PreparedGroup[];
}

/** @param head what the manifest says besides tables and objects. */
export function prepareGroup(
  objects: readonly SealedObject[],
  manifestKey: string,
  head: Pick<Manifest, 'job' | 'stage' | 'writer' | 'execution' | 'snapshot'>,
): PreparedGroup {
  const ordered = objects.toSorted((a, b) => a.sequence - b.sequence);
  const tables = new Map<string, number>();
  const tableOf = ({ id, columns }: TableSchema): number => {
    const shown = columns.map(({ name, kind, sqlType, key }) => ({ name, kind, sqlType, key }));
    const text = JSON.stringify({ table: id, columns: shown });
    const index = tables.get(text) ?? tables.size;
    tables.set(text, index);
    return index;
  };
  const sum = (of: (object: SealedObject) => number): number =>
    ordered.reduce((total, object) => total + of(object), 0);
  return {
    snapshotId: head.snapshot,
    manifestKey,
    manifest: {
      format: 1,
      ...head,
      rows: sum(({ rows }) => rows),
      bytes: sum(({ bytes }) => bytes),
      objects: ordered.map(({ key, schema, rows, bytes, first, last }) => ({
        key,
        table: tableOf(schema),
        rows,
        bytes,
        first: positionText(first),
        last: positionText(last),
      })),
      tables: [...tables.keys()].map((text) => JSON.parse(text) as Manifest['tables'][number]),
    },
    uploads: ordered.map(({ uploadId, etags }) => ({ uploadId, etags })),
  };
}
