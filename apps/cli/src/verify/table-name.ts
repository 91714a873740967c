import { MillraceError } from '@millrace/kernel';
import pg from 'pg';
import { BadArgument } from './errors.ts';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

const PART = `("(?:[^"]|"")+"|[^."]+)`;
const NAME = new RegExp(`^${PART}\\.${PART}$`);
const unquoted = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);

/**
 * Reads `public.orders`; names are taken as written (not folded), and quoted when they hold a dot: `public."a.b"`.
 * @throws MillraceError `verify.bad_argument`
 */
export function parseTableName(text: string): TableName {
  const match = NAME.exec(text);
  if (match === null) {
    throw new MillraceError(BadArgument, {
      message: `"${text}" is not a table's name`,
      mend: 'Write schema.table, for example public.orders.',
    });
  }
  return { schema: unquoted(match[1]!), table: unquoted(match[2]!) };
}

/** The name for use in SQL. */
export const quotedName = ({ schema, table }: TableName): string =>
  `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;
