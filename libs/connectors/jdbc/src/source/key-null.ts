import { MillraceError } from '@millrace/kernel';
import { KeyMissing } from '../errors.ts';

/** A row that nothing tells apart from others. */
export const keyNull = (table: string, column: string): MillraceError =>
  new MillraceError(KeyMissing, {
    message: `a row of ${table} has null in "${column}", which is part of the key`,
    mend: 'Repair the row, leave such rows out by a query, or take other columns into "key".',
    pointer: '/key',
    details: { table, column },
  });
