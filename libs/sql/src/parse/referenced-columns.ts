import { namesOf, parseExpression, SourceText } from './parse-expression.ts';

/** The names that an expression uses, each once, in the order they stand in. @throws MillraceError `sql.syntax` */
export function referencedColumns(text: string, pointer: string): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { ColumnRef } = node as { readonly ColumnRef?: { readonly fields: Parameters<typeof namesOf>[0] } };
    if (ColumnRef !== undefined) {
      const path = namesOf(ColumnRef.fields);
      found.set(JSON.stringify(path), path);
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseExpression(new SourceText(text, pointer)));
  return [...found.values()];
}
