import type { Column, TableSchema } from '../change/table-schema.ts';

/** How a value is written; small integers, because they are switched on for every value. */
export const Form = { Digits: 0, Float: 1, Boolean: 2, Timestamp: 3, Text: 4, Json: 5 } as const;

/** The columns of one row object: where each value is, how it is written, and the bytes before it (`{"id":`, `,"total":`). */
export interface ImagePlan {
  readonly fields: Int32Array;
  readonly forms: Uint8Array;
  /** All prefixes, one after the other; prefix i ends at `prefixEnds[i]`. */
  readonly prefixes: Uint8Array;
  readonly prefixEnds: Int32Array;
}

/** Everything about a table that is the same for each of its events. */
export interface TablePlan {
  readonly before: ImagePlan;
  readonly after: ImagePlan;
  /** Fields a tuple must have. */
  readonly fieldCount: number;
  /** `,"source":{…,"name":"…",` */
  readonly sourceHead: Uint8Array;
  /** `,"db":"…","schema":"…","table":"…",` */
  readonly sourceTable: Uint8Array;
}

export interface EnvelopeOptions {
  /** `source.name`: the job or the source, as Debezium's topic prefix. */
  readonly name: string;
  /** `source.db`: the database. */
  readonly db: string;
  /** `source.version`. */
  readonly version: string;
  /** json and jsonb as a JSON string with the text in it (Debezium's default), or as the value itself. */
  readonly json: 'string' | 'inline';
}

const encoder = new TextEncoder();

function formOf(column: Column, json: 'string' | 'inline'): number {
  switch (column.kind) {
    case 'integer':
    case 'bigint':
      return Form.Digits;
    case 'float':
      return Form.Float;
    case 'boolean':
      return Form.Boolean;
    case 'timestamp':
    case 'timestamptz':
      return Form.Timestamp;
    case 'json':
      return json === 'inline' ? Form.Json : Form.Text;
    default:
      return Form.Text;
  }
}

function imagePlan(columns: readonly Column[], json: 'string' | 'inline'): ImagePlan {
  const prefixes = columns.map((column, index) =>
    encoder.encode(`${index === 0 ? '{' : ','}${JSON.stringify(column.name)}:`),
  );
  const joined = new Uint8Array(prefixes.reduce((sum, prefix) => sum + prefix.length, 0));
  const prefixEnds = new Int32Array(columns.length);
  let end = 0;
  prefixes.forEach((prefix, index) => {
    joined.set(prefix, end);
    end += prefix.length;
    prefixEnds[index] = end;
  });
  return {
    fields: Int32Array.from(columns, (column) => column.field),
    forms: Uint8Array.from(columns, (column) => formOf(column, json)),
    prefixes: joined,
    prefixEnds,
  };
}

/**
 * Plans the envelopes of one version of a table. `before` has the key columns only, unless the replica identity is full: the
 * other columns of such a tuple are not null but unknown.
 */
export function planTable(schema: TableSchema, options: EnvelopeOptions): TablePlan {
  const after = imagePlan(schema.columns, options.json);
  const isFull = schema.replicaIdentity === 'full';
  const text = (value: string): string => JSON.stringify(value);
  return {
    after,
    before: isFull
      ? after
      : imagePlan(
          schema.columns.filter((column) => column.key),
          options.json,
        ),
    fieldCount: schema.fieldCount,
    sourceHead: encoder.encode(
      `,"source":{"version":${text(options.version)},"connector":"postgresql","name":${text(options.name)},"ts_ms":`,
    ),
    sourceTable: encoder.encode(
      `,"db":${text(options.db)},"schema":${text(schema.schema)},"table":${text(schema.table)},"txId":`,
    ),
  };
}
