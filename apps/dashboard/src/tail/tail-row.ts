import { NONE } from '../parts/formats.ts';

type Image = Readonly<Record<string, unknown>>;

/** A change event as the tail tells it. */
interface EventRow {
  readonly op: keyof typeof OPERATIONS;
  readonly table: string;
  readonly key: Image | null;
  readonly before: Image | null;
  readonly after: Image | null;
  readonly commitTime: string | null;
}

const OPERATIONS = { c: 'insert', u: 'update', d: 'delete', r: 'load', t: 'truncate' } as const;

/** What is said of a row in a line. */
export interface RowWords {
  /** `row`: of a stage that makes other rows than change events. */
  readonly operation: (typeof OPERATIONS)[EventRow['op']] | 'row';
  readonly table: string | undefined;
  readonly key: string | undefined;
  /** Of an update whose row before is known only what changed; else every column. */
  readonly columns: readonly ColumnWords[];
  readonly committedAt: Date | undefined;
}

export interface ColumnWords {
  readonly name: string;
  /** Given when it changed. */
  readonly before?: string;
  readonly now: string;
}

const isImage = (value: unknown): value is Image =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEvent = (row: unknown): row is EventRow =>
  isImage(row) && typeof row['op'] === 'string' && row['op'] in OPERATIONS && 'before' in row && 'after' in row;

function text(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'string') return value;
  if (isImage(value) && value['unchanged'] === true) return '(not sent again)';
  return JSON.stringify(value);
}

const pairs = (image: Image): string =>
  Object.entries(image)
    .map(([name, value]) => `${name}=${text(value)}`)
    .join(' ');

/** The key stands apart. */
const allOf = (image: Image, key: Image | null): readonly ColumnWords[] =>
  Object.entries(image).flatMap(([name, value]) => (key !== null && name in key ? [] : [{ name, now: text(value) }]));

/** What can be read of a row at a glance. */
export function wordsOf(row: unknown): RowWords {
  if (!isEvent(row)) {
    const columns = isImage(row) ? allOf(row, null) : [{ name: '', now: text(row) }];
    return { operation: 'row', table: undefined, key: undefined, columns, committedAt: undefined };
  }
  const { op, table, key, before, after, commitTime } = row;
  return {
    operation: OPERATIONS[op],
    table,
    key: key === null ? (op === 't' ? NONE : undefined) : pairs(key),
    columns:
      op === 'u' && before !== null && after !== null ? changes(before, after, key) : allOf(after ?? before ?? {}, key),
    committedAt: commitTime === null ? undefined : new Date(commitTime),
  };
}

/** A row before that has the key only says nothing of what changed. */
function changes(before: Image, after: Image, key: Image | null): readonly ColumnWords[] {
  if (Object.keys(before).every((name) => key !== null && name in key)) return allOf(after, key);
  const changed = Object.entries(after).filter(([name, value]) => name in before && text(before[name]) !== text(value));
  return changed.map(([name, value]) => ({ name, before: text(before[name]), now: text(value) }));
}
