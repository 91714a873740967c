import { DECLARED_TYPES, type DeclaredTable, type DeclaredType } from '@millrace/formats';
import { z } from 'zod';

const COLUMNS_MAX = 1_600;

/** Options by which a source stage declares the shape of rows that have none; of its own: what their columns and key are for. */
export const declaredTableFields = (descriptions: { readonly columns: string; readonly key: string }) => ({
  table: z
    .string()
    .regex(/^[^.]+\.[^.]+$/, 'a schema and a table, such as public.orders')
    .meta({ description: 'Table that the rows are said to be of.' }),
  columns: z
    .record(z.string().min(1), z.enum(Object.keys(DECLARED_TYPES) as DeclaredType[]))
    .refine((columns) => Object.keys(columns).length >= 1, 'at least one column')
    .refine((columns) => Object.keys(columns).length <= COLUMNS_MAX, `at most ${COLUMNS_MAX} columns`)
    .meta({ description: descriptions.columns }),
  key: z.array(z.string().min(1)).default([]).meta({ description: descriptions.key }),
});

/** For `superRefine` of the stage: the key is made of its columns. */
export function checkDeclaredKey(
  { columns, key }: Pick<DeclaredTable, 'columns' | 'key'>,
  context: z.RefinementCtx,
): void {
  key.forEach((name, index) => {
    if (columns[name] === undefined)
      context.addIssue({ code: 'custom', path: ['key', index], message: `"${name}" is not among the columns` });
  });
}
