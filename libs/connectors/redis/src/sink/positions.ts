import {
  type ChangeBatch,
  comparePositions,
  FLAG_LOADING,
  formatLsn,
  NO_TRANSACTION,
  type Position,
  parseLsn,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { NotInOrder } from '../errors.ts';

export const positionText = ({ commitLsn, index }: Position): string => `${formatLsn(commitLsn)} ${index}`;

export function parsePosition(text: string): Position {
  const [lsn, index] = text.split(' ');
  return { commitLsn: parseLsn(lsn!), index: Number(index) };
}

/** Where the source has an event; `undefined`: nobody can skip it by that (it has no place, or came out of the order of the log). */
export function positionOf(batch: ChangeBatch, index: number): Position | undefined {
  const transaction = batch.transactionOf[index]!;
  if (transaction === NO_TRANSACTION || (batch.flags[index]! & FLAG_LOADING) !== 0) return undefined;
  return { commitLsn: batch.transactions[transaction]!.commitLsn, index: batch.indexInTransaction[index]! };
}

export const isAfter = (position: Position, other: Position | undefined): boolean =>
  other === undefined || comparePositions(position, other) > 0;

/** Positions of one source only grow. @throws MillraceError `redis.not_in_order` */
export function checkOrder(position: Position, before: Position | undefined): void {
  if (isAfter(position, before)) return;
  throw new MillraceError(NotInOrder, {
    message: `a change at ${positionText(position)} came after one at ${positionText(before!)}: the sink gets the changes of several sources`,
    mend: 'Give each source a sink stage of its own.',
  });
}
