import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { MillraceError } from '@millrace/kernel';
import type { ConnectionOptions, TargetName } from '../../../config.ts';
import { ConnectionLost, TableMissing } from '../../../errors.ts';
import { queryRefused } from '../../../source/query-refused.ts';
import { relationSql } from '../../../source/read-sql.ts';
import type { Relation, SourceStage } from '../../../source/source-config.ts';
import type {
  Described,
  SourceColumn,
  SourceDialect,
  SourceSession,
  SourceSql,
} from '../../../source/source-dialect.ts';
import { type TupleBlock, TupleWriter } from '../../../source/tuple-writer.ts';
import { checkWith } from '../../../target/check-with.ts';
import { quoteName, quoteTable } from '../quote.ts';
import { classify } from '../server-error.ts';
import type { SqliteValue } from '../values.ts';
import { declaredShape, putValue, shapeOf } from './sqlite-values.ts';

/** Rows read before others on the thread get their turn. */
const ROWS_A_SLICE = 256;
/** How long another process may hold the file; then the source tries again by itself. */
const BUSY_MS = 500;

const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const sql: SourceSql = {
  comparesRows: true,
  quoteName,
  quoteTable,
  selected: ({ name }) => quoteName(name),
  constant({ kind }, text) {
    if (kind === 'bytea') return `x'${text.slice(2)}'`;
    if (kind === 'boolean') return text === 't' ? '1' : '0';
    // A number in quotes is greater than all numbers.
    return kind === 'integer' || kind === 'bigint' || kind === 'exact' || kind === 'float' ? text : quoteText(text);
  },
};

class SqliteSourceSession implements SourceSession {
  readonly sql = sql;
  readonly #database: DatabaseSync;
  #isAborted = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async describe(relation: Relation, types: SourceStage['types']): Promise<Described> {
    try {
      if ('query' in relation) {
        const select = `select * from ${relationSql(sql, relation)} limit 0`;
        const found = this.#database.prepare(select).columns();
        const columns = found.map(({ name, type }) => ({ name, type: type ?? '', nullable: true }));
        return { name: undefined, columns: withTypes(columns, types), primaryKey: [], indexes: [] };
      }
      return this.#describeTable(relation.name, types);
    } catch (error) {
      throw 'query' in relation ? queryRefused(classify(error)) : classify(error);
    }
  }

  async *rows(select: string, columns: readonly SourceColumn[]): AsyncGenerator<TupleBlock> {
    const writer = new TupleWriter();
    try {
      const statement = this.#database.prepare(select);
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      let rows = 0;
      for (const row of statement.iterate() as Iterable<unknown> as Iterable<readonly SqliteValue[]>) {
        writer.beginRow(columns.length);
        for (let field = 0; field < columns.length; field++) putValue(columns[field]!, row[field]!, writer);
        writer.endRow();
        if (writer.isFull) yield writer.take();
        rows += 1;
        if (rows % ROWS_A_SLICE === 0) await turn();
        if (this.#isAborted) throw new MillraceError(ConnectionLost, { message: 'the source is being closed' });
      }
    } catch (error) {
      throw queryRefused(classify(error));
    }
    if (!writer.isEmpty) yield writer.take();
  }

  abort(): void {
    this.#isAborted = true;
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #describeTable({ schema, table }: TargetName, types: SourceStage['types']): Described {
    const known = "select name from sqlite_schema where name = ? collate nocase and type in ('table', 'view')";
    const found = schema === undefined ? this.#database.prepare(known).get(table) : undefined;
    if (found === undefined) throw tableMissing(quoteTable({ schema, table }));
    const columns = this.#all('select name, type, "notnull", pk from pragma_table_xinfo(?) where hidden <> 1', table);
    const primary = columns
      .filter((column) => Number(column['pk']) > 0)
      .toSorted((a, b) => Number(a['pk']) - Number(b['pk']))
      .map((column) => String(column['name']));
    const isRowid =
      primary.length === 1 && columns.some(({ name, type }) => name === primary[0] && /^integer$/i.test(String(type)));
    const shaped = columns.map((column) => ({
      name: String(column['name']),
      type: String(column['type']),
      // Only an INTEGER PRIMARY KEY is never null by itself.
      nullable: Number(column['notnull']) === 0 && !(isRowid && Number(column['pk']) > 0),
    }));
    const indexes = this.#all('select name, "unique" from pragma_index_list(?) where partial = 0', table).flatMap(
      (index) => {
        const parts = this.#all('select name from pragma_index_info(?)', String(index['name']));
        if (parts.some(({ name }) => name === null)) return [];
        return [{ columns: parts.map(({ name }) => String(name)), isUnique: Number(index['unique']) === 1 }];
      },
    );
    return {
      name: { schema: 'main', table: String(found['name']) },
      columns: withTypes(shaped, types),
      primaryKey: primary,
      indexes: isRowid ? [{ columns: primary, isUnique: true }, ...indexes] : indexes,
    };
  }

  #all(query: string, value: string): readonly Record<string, unknown>[] {
    return this.#database.prepare(query).all(value);
  }
}

function withTypes(
  columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[],
  types: SourceStage['types'],
): readonly SourceColumn[] {
  return columns.map((column, field) => {
    const declared = types[column.name];
    const [kind, sqlType] = declared === undefined ? shapeOf(column.type) : declaredShape(declared);
    return { ...column, field, kind, sqlType, key: false };
  });
}

const tableMissing = (name: string): MillraceError =>
  new MillraceError(TableMissing, {
    message: `there is no table ${name} in the file`,
    mend: 'Correct the name; a file has no schemas.',
    pointer: '/table',
  });

async function open(
  { database: path }: ConnectionOptions,
  { parameters }: Pick<SourceStage, 'parameters'>,
): Promise<SqliteSourceSession> {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
    const values = new Map(Object.entries(parameters));
    database.function('parameter', { deterministic: true }, (name) => values.get(String(name)) ?? null);
    return new SqliteSourceSession(database);
  } catch (error) {
    throw classify(error);
  }
}

/** A file, by `node:sqlite`. */
export const sqliteSource: SourceDialect = {
  isBlocking: true,
  classify,
  open,
  check: (options, signal) =>
    checkWith(
      async () => {
        const database = new DatabaseSync(options.database, { readOnly: true, timeout: BUSY_MS });
        return { database, abort: () => {}, close: async () => database.close() };
      },
      classify,
      signal,
      async ({ database }) => {
        // Reads the first page: says so when it is some other file.
        const { version } = database
          .prepare('select sqlite_version() as version, (select count(*) from sqlite_schema) as tables')
          .get() as { version: string };
        return [{ code: 'jdbc.reachable', severity: 'ok', message: `SQLite ${version} opens ${options.database}` }];
      },
    ),
};
