import { ByteOutput, type ChangeBatch, DebeziumJsonWriter, Op, RowJsonWriter } from '@millrace/formats';
import type { SinkStage } from '../config.ts';
import type { PartWriter } from './part-writer.ts';

export const USUAL_BYTES = 65_536;
const LINE_FEED = 0x0a;

/** Rows as JSON objects. */
export class JsonRows implements PartWriter {
  readonly #output = new ByteOutput(USUAL_BYTES);
  readonly #writer = new RowJsonWriter(this.#output);
  readonly #deleted: 'known' | 'none';

  /** @param deleted of a deleted row: what is known of it, or nothing */
  constructor(deleted: 'known' | 'none') {
    this.#deleted = deleted;
  }

  write(batch: ChangeBatch, index: number): Uint8Array | undefined {
    if (batch.op[index] === Op.Delete && this.#deleted === 'none') return undefined;
    this.#output.clear();
    this.#writer.row(batch, index);
    return this.#output.bytes;
  }
}

/** Keys as JSON objects. */
export class JsonKeys implements PartWriter {
  readonly #output = new ByteOutput(USUAL_BYTES);
  readonly #writer: RowJsonWriter;

  /** @param columns by default each table's own key */
  constructor(columns: readonly string[] | undefined) {
    this.#writer = new RowJsonWriter(this.#output, columns);
  }

  write(batch: ChangeBatch, index: number): Uint8Array {
    this.#output.clear();
    this.#writer.key(batch, index);
    return this.#output.bytes;
  }
}

/** Debezium's envelopes, also of deletes and truncates. */
export class DebeziumEnvelopes implements PartWriter {
  readonly #writer: DebeziumJsonWriter;

  constructor({ database, json }: Pick<SinkStage, 'database' | 'json'>, jobName: string) {
    this.#writer = new DebeziumJsonWriter({ name: jobName, db: database, json, outputBytes: USUAL_BYTES });
  }

  write(batch: ChangeBatch, index: number): Uint8Array {
    this.#writer.clear();
    this.#writer.write(batch, index, index + 1);
    const { bytes } = this.#writer;
    return bytes[bytes.length - 1] === LINE_FEED ? bytes.subarray(0, -1) : bytes;
  }
}
