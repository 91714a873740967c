import { bytesText, type Refusals, textBytes, UnreadEvents } from '@millrace/connector-contract';
import type { ChangeBatch } from '@millrace/formats';
import { isRecordError, type MillraceError } from '@millrace/kernel';
import type { KafkaRecord } from '@platformatic/kafka';
import type { PlacedRecord } from '../read/committed-records.ts';
import type { MessageRows } from './message-rows.ts';

/** A message that could not be read. */
export interface UnreadMessage {
  readonly topic: string;
  readonly partition: number;
  readonly placed: PlacedRecord;
  readonly error: MillraceError;
}

/** What came back, read again. */
export interface ReadAgain {
  readonly batch: ChangeBatch | undefined;
  readonly refused: readonly { readonly index: number; readonly error: MillraceError }[];
}

/** Sets messages aside that cannot be read, and reads those again that come back. */
export class UnreadMessages {
  readonly #refusals: Refusals;
  readonly #events: UnreadEvents;

  constructor(stage: string, refusals: Refusals) {
    this.#refusals = refusals;
    this.#events = new UnreadEvents(stage, ['topic', 'partition', 'offset', 'time_ms', 'key', 'headers', 'value']);
  }

  refuse({ topic, partition, placed: { record, offset, timeMs }, error }: UnreadMessage, receivedMs: number): void {
    const headers = record.headers.map((pair) => pair.map((part) => (part === null ? null : bytesText(part))));
    const { key, value } = record;
    const parts = {
      topic,
      partition,
      offset,
      time_ms: timeMs,
      key,
      headers: headers.length === 0 ? null : JSON.stringify(headers),
      value,
    };
    this.#refusals.refuse(this.#events.batchOf(parts, receivedMs), 0, error);
  }

  refuseAgain(batch: ChangeBatch, { refused }: ReadAgain): void {
    for (const { index, error } of refused) this.#refusals.refuse(batch, index, error);
  }

  /** @throws MillraceError when the registry is away */
  async readAgain(batch: ChangeBatch, rows: MessageRows, receivedMs: number): Promise<ReadAgain> {
    const refused: { index: number; error: MillraceError }[] = [];
    const made: ChangeBatch[] = [];
    for (let index = 0; index < batch.length; index++) {
      try {
        const parts = this.#events.partsOf(batch, index);
        const topic = String(parts['topic']);
        const placed: PlacedRecord = {
          record: recordOf(parts),
          offset: BigInt(parts['offset'] ?? 0),
          timeMs: Number(parts['time_ms'] ?? Number.NaN),
        };
        await rows.prepare(topic, [placed]);
        made.push(
          rows.batch(topic, Number(parts['partition']), [placed], receivedMs, (_, error) =>
            refused.push({ index, error }),
          ),
        );
      } catch (error) {
        if (!isRecordError(error)) throw error;
        refused.push({ index, error });
      }
    }
    // Letters come back one at a time.
    return { batch: made.find(({ length }) => length > 0), refused };
  }
}

function recordOf(parts: Readonly<Record<string, string | null>>): KafkaRecord {
  const bytes = (text: string | null | undefined): Buffer | null => (typeof text === 'string' ? textBytes(text) : null);
  const headers = JSON.parse(parts['headers'] ?? '[]') as readonly (readonly [string | null, string | null])[];
  return {
    length: 0,
    attributes: 0,
    timestampDelta: 0n,
    offsetDelta: 0,
    key: bytes(parts['key']),
    value: bytes(parts['value']),
    headers: headers.map(([name, value]) => [bytes(name), bytes(value)]),
  };
}
