import type { Batch } from '@millrace/engine';
import { type ChangeBatch, isChangeBatch } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { NotChangeEvents } from '../errors.ts';

/** @throws MillraceError `jdbc.not_change_events` */
export function changeBatch(batch: Batch, sink: string): ChangeBatch {
  if (isChangeBatch(batch)) return batch;
  throw new MillraceError(NotChangeEvents, {
    message: `sink "${sink}" takes change events, not ${batch.kind === 'bytes' ? batch.format : batch.kind}`,
    mend: 'Connect it to a source or to stages that keep change events.',
  });
}
