import { MillraceError } from '@millrace/kernel';
import { QueryRefused, StatementRefused } from '../errors.ts';

/** What the database says to a query: its text is to blame, unless it is something that passes or a right. */
export function queryRefused(error: Error): Error {
  if (error instanceof MillraceError && error.code !== StatementRefused) return error;
  return new MillraceError(
    QueryRefused,
    {
      message: `the database refuses the query: ${error.message}`,
      mend: 'Correct the query: one SELECT, whose columns all have names of their own.',
      pointer: '/query',
    },
    { cause: error },
  );
}
