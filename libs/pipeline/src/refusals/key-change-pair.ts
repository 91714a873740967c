import { type ChangeBatch, FLAG_KEY_CHANGE, Op } from '@millrace/formats';

/** The event, and with one half of a key change the other, if that is still there. */
export function pairOf(batch: ChangeBatch, index: number): readonly number[] {
  if (!isHalf(batch, index)) return [index];
  const isFirst = batch.op[index] === Op.Delete;
  const other = isFirst ? index + 1 : index - 1;
  if (other < 0 || other >= batch.length || !isHalf(batch, other)) return [index];
  if ((batch.op[other] === Op.Delete) === isFirst) return [index];
  return isFirst ? [index, other] : [other, index];
}

const isHalf = (batch: ChangeBatch, index: number): boolean => (batch.flags[index]! & FLAG_KEY_CHANGE) !== 0;
