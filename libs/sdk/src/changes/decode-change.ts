import type { AnyRow, Change, Operation } from './change.ts';

interface Column {
  readonly name: string;
  readonly kind: string;
  readonly key: boolean;
}

/** The shape of a table, as the stream describes it. */
export interface Shape {
  readonly id: string;
  readonly columns: readonly Column[];
  readonly replicaIdentity: string;
}

type Image = Readonly<Record<string, string | null>>;

/** A change as the stream has it. */
export interface WireChange {
  readonly op: string;
  readonly before: Image | null;
  readonly after: Image | null;
  readonly flags: number;
  readonly position: { readonly commitLsn: string; readonly index: number } | null;
  readonly commitTimeUs: string | null;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  r: 'read',
  c: 'insert',
  u: 'update',
  d: 'delete',
  t: 'truncate',
};
const FLAG_KEY_CHANGE = 2;

function typedValue(kind: string, text: string): unknown {
  switch (kind) {
    case 'integer':
    case 'float':
      return Number(text);
    case 'bigint':
      return BigInt(text);
    case 'boolean':
      return text === 't';
    case 'json':
      return JSON.parse(text);
    default:
      return text;
  }
}

function rowOf(columns: readonly Column[], image: Image | null): AnyRow {
  const row: Record<string, unknown> = {};
  if (image === null) return row;
  for (const { name, kind } of columns) {
    const text = Object.hasOwn(image, name) ? image[name] : undefined;
    if (text !== undefined) row[name] = text === null ? null : typedValue(kind, text);
  }
  return row;
}

/** @param number of the change in its subscription */
export function decodeChange(shape: Shape, wire: WireChange, number: number): Change {
  const { columns, replicaIdentity } = shape;
  const known = replicaIdentity === 'full' ? columns : columns.filter(({ key }) => key);
  const { after, before, position, commitTimeUs } = wire;
  return {
    id: position === null ? `n${number}` : `${position.commitLsn}/${position.index}`,
    table: shape.id,
    operation: OPERATIONS[wire.op]!,
    row: after === null ? rowOf(known, before) : rowOf(columns, after),
    before: before === null ? null : rowOf(known, before),
    unchanged: after === null ? [] : columns.flatMap(({ name }) => (Object.hasOwn(after, name) ? [] : [name])),
    isKeyChange: (wire.flags & FLAG_KEY_CHANGE) !== 0,
    committedAt: commitTimeUs === null ? null : new Date(Number(BigInt(commitTimeUs) / 1_000n)),
    position: position === null ? null : { lsn: position.commitLsn, index: position.index },
  };
}

/** Equal for changes of one row: they are handled one after the other. */
export function keyOf({ id, columns }: Shape, { after, before }: WireChange): string {
  const image = after ?? before;
  const key = columns.filter((column) => column.key).map(({ name }) => image?.[name] ?? before?.[name] ?? '');
  return [id, ...key].join('\0');
}
