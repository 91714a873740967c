import type { TargetName } from '../../config.ts';

export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

export const quoteTable = ({ schema, table }: TargetName): string =>
  schema === undefined ? quoteName(table) : `${quoteName(schema)}.${quoteName(table)}`;

/** What a string constant can't hold as it is. The session's `sql_mode` leaves the backslash its meaning. */
const SPECIAL = /['\\\0]/g;

/** A string constant in utf8mb4. */
export const quoteText = (text: string): string =>
  `'${text.replace(SPECIAL, (found) => (found === '\0' ? '\\0' : `\\${found}`))}'`;
