import { MillraceError } from '@millrace/kernel';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { type ConnectionOptions, serverOptions } from '../../../config.ts';
import { TableMissing } from '../../../errors.ts';
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
import type { TupleBlock } from '../../../source/tuple-writer.ts';
import { checkWith } from '../../../target/check-with.ts';
import { connect, DEFAULT_PORT, type MysqlConnection } from '../connect.ts';
import { quoteName, quoteTable, quoteText } from '../quote.ts';
import { classify, serverErrno } from '../server-error.ts';
import { type Field, isZerofill, shapeOf } from './column-of-field.ts';
import { streamRows } from './stream-rows.ts';

/** How long the server waits for a reader that has no room: about a year. Default is a minute. */
const WRITE_SECONDS = 31_536_000;
const NO_SUCH_TABLE = new Set([1_146, 1_049]);

const sql: SourceSql = {
  // Its optimizer does not look a comparison of rows up in an index.
  comparesRows: false,
  quoteName,
  quoteTable,
  selected({ name, type }) {
    const quoted = quoteName(name);
    // A float is shown with six digits, and a bit as bytes.
    if (type === 'float') return `${quoted} + 0e0 as ${quoted}`;
    return type === 'bit' || type === 'padded' ? `${quoted} + 0 as ${quoted}` : quoted;
  },
  constant({ kind, type }, text) {
    if (type === 'bytes') return `x'${text.slice(2)}'`;
    if (kind === 'boolean') return text === 't' ? '1' : '0';
    if (type === 'timestamp') return `timestamp'${text.replace(/\+00$/, '')}'`;
    if (type === 'date' || type === 'time') return `${type}'${text}'`;
    // A number in quotes would be compared as a double.
    return type === 'text' ? quoteText(text) : text;
  },
};

class MysqlSourceSession implements SourceSession {
  readonly sql = sql;
  readonly #opened: MysqlConnection;
  readonly #zeroDates: SourceStage['zeroDates'];

  constructor(opened: MysqlConnection, zeroDates: SourceStage['zeroDates']) {
    this.#opened = opened;
    this.#zeroDates = zeroDates;
  }

  async describe(relation: Relation): Promise<Described> {
    const isQuery = 'query' in relation;
    const { connection } = this.#opened;
    let fields: readonly Field[];
    try {
      const [, found] = await connection.query(`select * from ${relationSql(sql, relation)} limit 0`);
      fields = found as Field[];
    } catch (error) {
      if (!isQuery && NO_SUCH_TABLE.has(serverErrno(error) ?? 0)) throw tableMissing(quoteTable(relation.name));
      throw isQuery ? queryRefused(classify(error)) : classify(error);
    }
    try {
      const place = isQuery ? undefined : await this.#place(relation.name.schema, relation.name.table);
      const indexes = place === undefined ? [] : await indexesOf(connection, place);
      return {
        name: place,
        columns: fields.map(columnOf),
        primaryKey: indexes.find(({ name }) => name === 'PRIMARY')?.columns ?? [],
        indexes: indexes.map(({ columns, isUnique }) => ({ columns, isUnique })),
      };
    } catch (error) {
      throw classify(error);
    }
  }

  async *rows(select: string, columns: readonly SourceColumn[]): AsyncGenerator<TupleBlock> {
    try {
      yield* streamRows(this.#opened.connection, select, columns, this.#zeroDates);
    } catch (error) {
      throw queryRefused(classify(error));
    }
  }

  abort(): void {
    this.#opened.abort();
  }

  close(): Promise<void> {
    return this.#opened.close();
  }

  async #place(schema: string | undefined, table: string): Promise<{ schema: string; table: string }> {
    if (schema !== undefined) return { schema, table };
    const [[here]] = await this.#opened.connection.query<RowDataPacket[]>('select database() as name');
    return { schema: String(here!['name']), table };
  }
}

interface FoundIndex {
  readonly name: string;
  readonly columns: readonly string[];
  readonly isUnique: boolean;
}

async function indexesOf(
  connection: Connection,
  { schema, table }: { readonly schema: string; readonly table: string },
): Promise<readonly FoundIndex[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `select index_name as name, column_name as part, non_unique as several, sub_part as cut from information_schema.statistics
     where table_schema = ? and table_name = ? order by index_name, seq_in_index`,
    [schema, table],
  );
  const byName = Map.groupBy(rows, (row) => String(row['name']));
  return [...byName].flatMap(([name, parts]) => {
    // Of expressions, or of the beginnings of texts: no index of columns.
    if (parts.some((part) => part['part'] === null || part['cut'] !== null)) return [];
    const columns = parts.map((part) => String(part['part']));
    return [{ name, columns, isUnique: Number(parts[0]!['several']) === 0 }];
  });
}

function columnOf(field: Field, index: number): SourceColumn {
  const { kind, sqlType, type, nullable } = shapeOf(field);
  return {
    name: field.name,
    field: index,
    kind,
    sqlType,
    type: isZerofill(field) && type === 'number' ? 'padded' : type,
    key: false,
    nullable,
  };
}

const tableMissing = (name: string): MillraceError =>
  new MillraceError(TableMissing, {
    message: `there is no table ${name}`,
    mend: 'Correct the name; a schema is a database.',
    pointer: '/table',
  });

async function open(
  options: ConnectionOptions,
  { zeroDates, parameters }: Pick<SourceStage, 'zeroDates' | 'parameters'>,
): Promise<MysqlSourceSession> {
  const opened = await connect(serverOptions(options, DEFAULT_PORT));
  try {
    await opened.connection.query(`set session net_write_timeout = ${WRITE_SECONDS}`);
    for (const [parameter, value] of Object.entries(parameters))
      await opened.connection.execute(`set @${parameter} = ?`, [value]);
    await opened.connection.query('set session transaction read only');
    return new MysqlSourceSession(opened, zeroDates);
  } catch (error) {
    opened.abort();
    throw classify(error);
  }
}

/** MySQL and MariaDB. */
export const mysqlSource: SourceDialect = {
  isBlocking: false,
  classify,
  open,
  check: (options, signal) =>
    checkWith(
      () => connect(serverOptions(options, DEFAULT_PORT)),
      classify,
      signal,
      async ({ version }) => {
        const product = version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
        return [{ code: 'jdbc.reachable', severity: 'ok', message: `${product} ${version} answers` }];
      },
    ),
};
