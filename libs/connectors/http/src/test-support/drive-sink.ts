import { batchOfRecords, type ChangeBatch, recordOf } from '@millrace/formats';
import { insertBatch } from '@millrace/testing/acceptance';
import { DrivenSink, type DriveSinkOptions } from '@millrace/testing/drivers';
import { httpSink } from '../sink/http-sink.ts';
import type { ReceiverServer } from './receiver-server.ts';

type Options = Partial<DriveSinkOptions> & { readonly more?: Readonly<Record<string, unknown>> };

/** The sink, sending to this receiver. `more`: options of the connection. */
export const startSink = (receiver: ReceiverServer, { more, ...options }: Options = {}): Promise<DrivenSink> =>
  DrivenSink.start(httpSink, { config: { ...receiver.config, ...more }, guarantee: 'at-least-once', ...options });

/** Versions of rows in the order of their commits, as `[id, note]`. */
export function updates(rows: readonly (readonly [number, string])[]): ChangeBatch {
  const records = rows.map(([id, note], at) => ({
    ...recordOf(insertBatch(id, id + 1, note), 0),
    op: 'u',
    position: { commitLsn: `0/${(at + 1).toString(16)}`, index: 0 },
  }));
  return batchOfRecords(records, 0);
}
