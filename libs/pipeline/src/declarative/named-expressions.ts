import { errorCode, MillraceError } from '@millrace/kernel';
import type { NamedExpression } from '../events/rows-of-events.ts';

export const ExpressionWithoutName = errorCode('pipeline.expression_without_name', {
  domain: 'user',
  retry: 'never',
  title: 'A computed column without a name',
});

const COLUMN = /^\s*(?:(?:after|before|event)\s*\.\s*)?(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))\s*$/iu;

/** Expressions with names, or a list in which columns go by their own. @throws MillraceError `pipeline.expression_without_name` */
export function namedExpressions(
  given: Readonly<Record<string, string>> | readonly string[],
  pointer: string,
): readonly NamedExpression[] {
  if (!Array.isArray(given)) {
    return Object.entries(given as Readonly<Record<string, string>>).map(([name, text]) => ({
      name,
      text,
      pointer: `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    }));
  }
  return (given as readonly string[]).map((text, index) => ({
    name: ownName(text, `${pointer}/${index}`),
    text,
    pointer: `${pointer}/${index}`,
  }));
}

function ownName(text: string, pointer: string): string {
  const match = COLUMN.exec(text);
  const name = match?.[1]?.replaceAll('""', '"') ?? match?.[2]?.toLowerCase();
  if (name !== undefined) return name;
  throw new MillraceError(ExpressionWithoutName, {
    message: `the column that ${JSON.stringify(text)} gives has no name`,
    mend: `Name it: { "name": ${JSON.stringify(text)} } instead of a list.`,
    pointer,
  });
}
