import { beforeColumns, type TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { parseSqlType, type Scope, type SqlType } from '@millrace/sql';
import { BeforeUnknown } from './event-errors.ts';

/** What an event has beside its row. In expressions: `event.op`, `event.table`, … */
export const EVENT_FIELDS = ['op', 'schema', 'table', 'time', 'loading'] as const;
export type EventField = (typeof EVENT_FIELDS)[number];

const EVENT_TYPES: Readonly<Record<EventField, SqlType>> = {
  op: { name: 'text' },
  schema: { name: 'text' },
  table: { name: 'text' },
  time: { name: 'timestamptz' },
  loading: { name: 'boolean' },
};

/** Which row of an event a bare column name, and `after.x`, mean. */
export type Image = 'after' | 'before';

/** What a slot stands for. */
export type SlotSource =
  | { readonly of: 'event'; readonly field: EventField }
  | { readonly of: Image; readonly column: TableSchema['columns'][number] };

/**
 * The names an expression may use over change events of one table: `after.x`, `before.x`, `x`, `event.op`, … The slots are
 * numbered in the order the names are first asked for.
 */
export class EventScope implements Scope {
  readonly schema: TableSchema;
  readonly slots: SlotSource[] = [];
  /** Slot of every path that has been asked for, as written. */
  readonly asked = new Map<string, { readonly type: SqlType; readonly slot: number }>();
  readonly #image: Image;
  readonly #known: ReadonlySet<string>;

  /** @param image `before`: the expression is evaluated on the row before the change, whatever it says. */
  constructor(schema: TableSchema, image: Image = 'after') {
    this.schema = schema;
    this.#image = image;
    this.#known = new Set(beforeColumns(schema).map((column) => column.name));
  }

  /** @throws MillraceError `pipeline.before_unknown` */
  resolve(path: readonly string[]): { readonly type: SqlType; readonly slot: number } | undefined {
    const found = this.#find(path);
    if (found !== undefined) this.asked.set(JSON.stringify(path), found);
    return found;
  }

  #find(path: readonly string[]): { readonly type: SqlType; readonly slot: number } | undefined {
    const [first, second] = path;
    if (path.length === 2 && first === 'event') return this.#event(second!);
    if (path.length === 2 && (first === 'after' || first === 'before')) {
      return this.#column(second!, first === 'before' ? 'before' : this.#image);
    }
    return path.length === 1 ? this.#column(first!, this.#image) : undefined;
  }

  names(): readonly string[] {
    const columns = this.schema.columns.map((column) => column.name);
    return [...columns, ...columns.map((name) => `after.${name}`), ...EVENT_FIELDS.map((field) => `event.${field}`)];
  }

  #event(name: string): { readonly type: SqlType; readonly slot: number } | undefined {
    const field = EVENT_FIELDS.find((each) => each === name);
    return field && { type: EVENT_TYPES[field], slot: this.#slot({ of: 'event', field }) };
  }

  #column(name: string, image: Image): { readonly type: SqlType; readonly slot: number } | undefined {
    const column = this.schema.columns.find((each) => each.name === name);
    if (column === undefined) return undefined;
    if (image === 'before' && !this.#known.has(name)) {
      throw new MillraceError(BeforeUnknown, {
        message: `the value of ${this.schema.id}.${name} before a change is not known: PostgreSQL sends only the key columns`,
        mend: `Let PostgreSQL send whole rows: ${replicaIdentityFull(this.schema)}`,
        details: { table: this.schema.id, column: name },
      });
    }
    return { type: parseSqlType(column.sqlType), slot: this.#slot({ of: image, column }) };
  }

  #slot(source: SlotSource): number {
    const same = this.slots.findIndex((slot) =>
      slot.of === 'event'
        ? source.of === 'event' && slot.field === source.field
        : source.of === slot.of && slot.column.name === source.column.name,
    );
    return same >= 0 ? same : this.slots.push(source) - 1;
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The statement that makes PostgreSQL send whole rows before a change. */
export const replicaIdentityFull = ({ schema, table }: TableSchema): string =>
  `ALTER TABLE ${quoted(schema)}.${quoted(table)} REPLICA IDENTITY FULL;`;
