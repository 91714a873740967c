/** Words that stand for a value in PostgreSQL when unquoted, so that they will never silently change their meaning here. */
const VALUE_WORDS = new Set(
  'null true false default user current_date current_time current_timestamp current_user current_role current_catalog current_schema localtime localtimestamp session_user system_user'.split(
    ' ',
  ),
);

const IDENTIFIER = String.raw`"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*`;
const COLUMN = new RegExp(String.raw`^\s*(?:(after)\s*\.\s*)?(${IDENTIFIER})\s*$`, 'iu');

/**
 * The column that `after.total`, `total` or `after."Total"` names; `undefined` when it is another expression. As in PostgreSQL an unquoted
 * name is folded to lower case.
 */
export function columnOf(expression: string): string | undefined {
  const match = COLUMN.exec(expression);
  const name = match?.[2];
  if (name?.startsWith('"')) return name.slice(1, -1).replaceAll('""', '"');
  const isColumn = name !== undefined && (match?.[1] !== undefined || !VALUE_WORDS.has(name.toLowerCase()));
  return isColumn ? name.toLowerCase() : undefined;
}
