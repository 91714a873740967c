import type { TargetName } from '../../config.ts';

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A file has no schemas; with one the name is refused by the check, and by SQLite. */
export const quoteTable = ({ schema, table }: TargetName): string =>
  schema === undefined ? quoteName(table) : `${quoteName(schema)}.${quoteName(table)}`;
