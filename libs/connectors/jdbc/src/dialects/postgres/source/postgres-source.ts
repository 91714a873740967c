import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { ConnectionOptions, TargetName } from '../../../config.ts';
import { serverOptions } from '../../../config.ts';
import { queryRefused } from '../../../source/query-refused.ts';
import type { Relation, SourceStage } from '../../../source/source-config.ts';
import type {
  Described,
  SourceColumn,
  SourceDialect,
  SourceSession,
  SourceSql,
  Spread,
} from '../../../source/source-dialect.ts';
import type { TupleBlock } from '../../../source/tuple-writer.ts';
import { checkWith } from '../../../target/check-with.ts';
import { connect, DEFAULT_PORT, type PostgresConnection } from '../connect.ts';
import { quoteName, quoteTable, quoteText } from '../quote.ts';
import { classify } from '../server-error.ts';
import { CopyLines } from './copy-lines.ts';
import { describe } from './describe.ts';
import { spread } from './spread.ts';

const sql: SourceSql = {
  comparesRows: true,
  quoteName,
  quoteTable,
  selected: ({ name }) => quoteName(name),
  constant: ({ type }, text) => `${quoteText(text)}::${type}`,
};

class PostgresSourceSession implements SourceSession {
  readonly sql = sql;
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async describe(relation: Relation): Promise<Described> {
    try {
      return await describe(this.#client, sql, relation);
    } catch (error) {
      throw classify(error);
    }
  }

  /** COPY sends the texts that tuples hold, and waits when the socket is full. */
  async *rows(select: string, columns: readonly SourceColumn[]): AsyncGenerator<TupleBlock> {
    const lines = new CopyLines(columns.length);
    const stream = this.#client.query(copyTo(`copy (${select}) to stdout`));
    try {
      for await (const piece of stream) yield* lines.blocks(piece as Buffer);
    } catch (error) {
      throw queryRefused(classify(error));
    }
  }

  async spread(name: TargetName, column: SourceColumn): Promise<Spread | undefined> {
    try {
      return await spread(this.#client, sql, name, column);
    } catch (error) {
      throw classify(error);
    }
  }

  abort(): void {
    this.#connection.abort();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  get #client(): pg.PoolClient {
    return this.#connection.client;
  }
}

async function open(
  options: ConnectionOptions,
  { parameters }: Pick<SourceStage, 'parameters'>,
  name: string,
): Promise<PostgresSourceSession> {
  const connection = await connect(serverOptions(options, DEFAULT_PORT), name);
  try {
    await connection.client.query("set default_transaction_read_only = on; set bytea_output = 'hex'");
    for (const [parameter, value] of Object.entries(parameters))
      await connection.client.query('select set_config($1, $2, false)', [`millrace.${parameter}`, value]);
    return new PostgresSourceSession(connection);
  } catch (error) {
    connection.abort();
    throw classify(error);
  }
}

export const postgresSource: SourceDialect = {
  isBlocking: false,
  classify,
  open,
  check: (options, signal) =>
    checkWith(
      () => connect(serverOptions(options, DEFAULT_PORT), 'millrace check'),
      classify,
      signal,
      async ({ client }) => {
        const { rows } = await client.query<{ version: string }>("select current_setting('server_version') as version");
        return [{ code: 'jdbc.reachable', severity: 'ok', message: `PostgreSQL ${rows[0]!.version} answers` }];
      },
    ),
};
