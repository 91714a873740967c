import { type ChangeBatch, encodeRows, NotAValue, type TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { KafkaRecord } from '@platformatic/kafka';
import { RowRefused } from '../errors.ts';
import type { PlacedRecord } from '../read/committed-records.ts';
import type { RowEvent } from './reading/message-reader.ts';
import type { Readers } from './reading/readers-of.ts';

/** Makes change events of messages. */
export class MessageRows {
  readonly #schema: TableSchema;
  readonly #readers: Readers;
  /** In formats with envelopes of deletes a message without value may follow one, and is nothing by itself. */
  readonly #hasEnvelope: boolean;

  constructor(schema: TableSchema, readers: Readers, hasEnvelope: boolean) {
    this.#schema = schema;
    this.#readers = readers;
    this.#hasEnvelope = hasEnvelope;
  }

  /** Fetches what the messages need to be read. @throws MillraceError */
  async prepare(topic: string, records: readonly PlacedRecord[]): Promise<void> {
    const { values, keys } = this.#readers;
    const withValue = records.flatMap(({ record }) => record.value ?? []);
    const keyOnly = records.flatMap(({ record }) => (record.value === null ? (record.key ?? []) : []));
    await values.prepare?.(topic, withValue);
    await keys?.prepare?.(topic, keyOnly);
  }

  /**
   * Events of messages of one partition, at most one for each.
   * @param refused told of those that cannot be read; absent: the first one is an error
   * @throws MillraceError `kafka.row_refused` with the place of the message
   */
  batch(
    topic: string,
    partition: number,
    records: readonly PlacedRecord[],
    receivedMs: number,
    refused?: (placed: PlacedRecord, error: MillraceError) => void,
  ): ChangeBatch {
    const events = records.flatMap((placed) => {
      const { record, offset } = placed;
      try {
        return this.#event(topic, record) ?? [];
      } catch (error) {
        if (!(error instanceof NotAValue)) throw error;
        const unread = new MillraceError(RowRefused, {
          message: `message ${offset} of partition ${partition} of ${topic}: ${error.message}`,
          mend: 'Correct columns, key and format of the stage. A message that nobody can read can be set aside: give the stage onError.',
          details: { topic, partition, offset: String(offset) },
        });
        if (refused === undefined) throw unread;
        refused(placed, unread);
        return [];
      }
    });
    const deleted = new Set<unknown>(events.filter(({ isDelete }) => isDelete).map(({ row }) => row));
    const rows = events.map(({ row }) => row);
    return encodeRows(this.#schema, rows, { receivedMs, isDelete: (row) => deleted.has(row) });
  }

  #event(topic: string, record: KafkaRecord): RowEvent | undefined {
    if (record.value !== null) return this.#readers.values.event(topic, record.value, record);
    const { keys } = this.#readers;
    const isSilent = this.#hasEnvelope && (keys === undefined || record.key === null);
    if (isSilent) return undefined;
    if (keys === undefined) throw new NotAValue('it has no value, and the stage has no key by which to delete');
    if (record.key === null) throw new NotAValue('it has neither value nor key');
    try {
      return { row: keys.row(topic, record.key), isDelete: true };
    } catch (error) {
      throw error instanceof NotAValue ? new NotAValue(`its key: ${error.message}`) : error;
    }
  }
}
