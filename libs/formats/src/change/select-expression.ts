import { errorCode, MillraceError } from '@millrace/kernel';

export const SelectUnsupported = errorCode('pipeline.select_unsupported', {
  domain: 'user',
  retry: 'never',
  title: 'This expression is not supported in select',
});

/** Words that stand for a value in PostgreSQL when unquoted, so that they will never silently change their meaning here. */
const VALUE_WORDS = new Set(
  'null true false default user current_date current_time current_timestamp current_user current_role current_catalog current_schema localtime localtimestamp session_user system_user'.split(
    ' ',
  ),
);

const IDENTIFIER = String.raw`"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*`;
const COLUMN = new RegExp(String.raw`^\s*(?:(after)\s*\.\s*)?(${IDENTIFIER})\s*$`, 'iu');

/**
 * The column that `after.total`, `total` or `after."Total"` names. As in PostgreSQL an unquoted name is folded to lower case.
 * @throws MillraceError `pipeline.select_unsupported`
 */
export function parseColumnExpression(expression: string, pointer: string): string {
  const match = COLUMN.exec(expression);
  const name = match?.[2];
  if (name?.startsWith('"')) return name.slice(1, -1).replaceAll('""', '"');
  if (name !== undefined && (match?.[1] !== undefined || !VALUE_WORDS.has(name.toLowerCase())))
    return name.toLowerCase();
  throw new MillraceError(SelectUnsupported, {
    message: `select can't compute ${JSON.stringify(expression)}: it takes columns of the changed row only, so far`,
    mend: 'Name one column: after.total, or total. Quote names with capital letters or other signs: after."Total". Functions, operators, casts and before.… are not supported yet.',
    pointer,
    details: { expression },
  });
}
