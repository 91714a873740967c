import { Refusal } from '../upsert/refusal.ts';

export const rowMissing = (): Refusal =>
  new Refusal(
    'the change leaves large columns as they were, but the target does not have the row; set REPLICA IDENTITY FULL at the source, or load the table again',
  );
