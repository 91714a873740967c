import type { LookupRequest, TableLookup } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import pg, { type Client } from 'pg';
import { type ConnectionOptions, parseTableName } from '../config.ts';
import { LookupImpossible } from '../errors.ts';
import { readTableSchemas } from '../preflight/table-catalog.ts';
import { openSession } from '../session.ts';

/** Values as the server prints them, as everywhere in the connector. */
const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: unknown) => text } as never;

/**
 * Looks rows of a table up by some of its columns, many keys in one query. The values are texts in the session's settings, so they are those that
 * the stream of changes would have.
 * @throws MillraceError `postgres.lookup_impossible` and what `openSession` throws
 */
export async function openTableLookup(
  config: ConnectionOptions,
  request: LookupRequest,
  signal: AbortSignal,
): Promise<TableLookup> {
  const session = await openSession(config, { applicationName: `millrace lookup ${request.table}` }, signal);
  try {
    const columns = await columnsOf(session, request);
    const sql = lookupSql(request, columns.keys);
    return {
      columns: columns.selected,
      find: async (keys) => {
        const values = request.keyColumns.map((_, index) => keys.map((key) => key[index]!));
        const { rows } = await session.query<(string | null)[]>({
          text: sql,
          values,
          rowMode: 'array',
          types: AS_TEXT,
        } as never);
        const found = new Map(rows.map(([position, ...row]) => [Number(position), row]));
        return keys.map((_, index) => found.get(index + 1));
      },
      [Symbol.asyncDispose]: () => session.end(),
    };
  } catch (error) {
    await session.end().catch(() => undefined);
    throw error;
  }
}

const quoted = pg.escapeIdentifier;

/** Of several rows with one key any one is taken. */
function lookupSql({ table, keyColumns, columns }: LookupRequest, types: readonly string[]): string {
  const { schema, table: name } = parseTableName(table);
  const given = keyColumns.map((_, index) => `k${index}`);
  const arrays = types.map((type, index) => `$${index + 1}::text[]::${type}[]`);
  const matches = keyColumns.map((column, index) => `t.${quoted(column)} = given.k${index}`).join(' AND ');
  const selected = columns.map((column) => `t.${quoted(column)}`).join(', ');
  return `SELECT DISTINCT ON (given.n) given.n, ${selected}
    FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS given(${[...given, 'n'].join(', ')})
    JOIN ${quoted(schema)}.${quoted(name)} t ON ${matches}`;
}

async function columnsOf(session: Client, { table, keyColumns, columns }: LookupRequest) {
  const [found] = await readTableSchemas(session, [parseTableName(table)]);
  const known = found?.schema.columns ?? [];
  const of = (name: string) => {
    const column = known.find((each) => each.name === name);
    if (column !== undefined) return column;
    throw new MillraceError(LookupImpossible, {
      message: found === undefined ? `there is no table ${table}` : `table ${table} has no column "${name}"`,
      mend:
        found === undefined
          ? 'Names are exact, with their schema.'
          : `Its columns: ${known.map((each) => each.name).join(', ')}.`,
      details: { table, column: name },
    });
  };
  return { keys: keyColumns.map((name) => of(name).sqlType), selected: columns.map(of) };
}
