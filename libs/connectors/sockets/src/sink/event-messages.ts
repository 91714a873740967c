import { MessageBodies } from '@millrace/connector-contract';
import { ByteOutput, type ChangeBatch, type EventMetadata, eventMetadata, RowJsonWriter } from '@millrace/formats';
import { framed } from '../framing/framing.ts';
import type { SinkStage } from './sink-stage.ts';

const USUAL_ROW_BYTES = 4_096;
const CLOSE_BRACE = Buffer.from('}');

/** An event as it is sent. */
export interface Message {
  readonly bytes: Buffer;
  /** Of its transaction, milliseconds since 1970. */
  readonly commitTimeMs: number | undefined;
}

/** Events as framed messages. */
export class EventMessages {
  readonly #framing: SinkStage['framing'];
  readonly #envelopes: MessageBodies | undefined;
  readonly #output = new ByteOutput(USUAL_ROW_BYTES);
  readonly #rows = new RowJsonWriter(this.#output);

  constructor({ framing, format, database }: SinkStage, jobName: string) {
    this.#framing = framing;
    if (format === 'debezium-json') this.#envelopes = new MessageBodies({ format, database }, jobName);
  }

  message(batch: ChangeBatch, index: number): Message {
    const metadata = eventMetadata(batch, index);
    const { __commit_time: time } = metadata;
    const parts =
      this.#envelopes === undefined ? this.#json(batch, index, metadata) : [this.#envelopes.write(batch, index)];
    return { bytes: framed(this.#framing, ...parts), commitTimeMs: time === null ? undefined : Date.parse(time) };
  }

  #json(batch: ChangeBatch, index: number, metadata: EventMetadata): readonly Uint8Array[] {
    const { __table: table, __op: op, __lsn: lsn, __index: at, __commit_time: time } = metadata;
    this.#output.clear();
    this.#rows.row(batch, index);
    const head = JSON.stringify({ table, op, lsn, index: at, time });
    return [Buffer.from(`${head.slice(0, -1)},"row":`), this.#output.bytes, CLOSE_BRACE];
  }
}
