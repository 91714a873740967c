import { ByteOutput, type ChangeBatch, DebeziumJsonWriter, RowJsonWriter } from '@millrace/formats';
import { z } from 'zod';

const USUAL_BYTES = 65_536;
const LINE_FEED = 0x0a;

/** Options of a sink stage that writes a message for each event. */
export const messageFormatFields = {
  format: z.enum(['json', 'debezium-json']).default('json').meta({
    description:
      "json: the row as an object, of a deleted one what is known of it. debezium-json: Debezium's envelopes.",
  }),
  database: z.string().default('').meta({ description: 'What source.db says in debezium-json.' }),
};

interface MessageFormat {
  readonly format: 'json' | 'debezium-json';
  readonly database: string;
}

/** Writes the bodies of messages. Not reentrant. */
export class MessageBodies {
  readonly #output = new ByteOutput(USUAL_BYTES);
  readonly #rows = new RowJsonWriter(this.#output);
  readonly #envelopes: DebeziumJsonWriter | undefined;

  constructor({ format, database }: MessageFormat, jobName: string) {
    if (format === 'debezium-json')
      this.#envelopes = new DebeziumJsonWriter({
        name: jobName,
        db: database,
        json: 'string',
        outputBytes: USUAL_BYTES,
      });
  }

  /** The body of an event's message, valid until the next one. */
  write(batch: ChangeBatch, index: number): Uint8Array {
    if (this.#envelopes === undefined) {
      this.#output.clear();
      this.#rows.row(batch, index);
      return this.#output.bytes;
    }
    this.#envelopes.clear();
    this.#envelopes.write(batch, index, index + 1);
    const { bytes } = this.#envelopes;
    return bytes.at(-1) === LINE_FEED ? bytes.subarray(0, -1) : bytes;
  }
}
