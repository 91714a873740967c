import { type ErrorCode, MillraceError } from '@millrace/kernel';
import { type ChangeBatch } from '../../change/change-batch.ts';
import { type TableSchema } from '../../change/table-schema.ts';
import { RowCsvWriter } from '../../csv/row-csv.ts';
import { ByteOutput } from '../../json/byte-output.ts';
import { DebeziumJsonWriter } from '../../json/debezium-json-writer.ts';
import { eventMetadata, RowJsonWriter } from '../../json/row-json.ts';
import type { FormatOptions } from '../content-format.ts';

/** Lines are written in pieces of about this size and then belong to an object. */
export const LINES_BYTES = 65_536;

const LINE_FEED = Uint8Array.of(0x0a);

/** Turns events into lines. One for all objects of a writer: what it holds is copied to an object after each call. */
export interface LineFormat {
  readonly extension: 'ndjson' | 'csv';
  /** Lines written since `clear`; valid until the next call. */
  readonly bytes: Uint8Array;
  clear(): void;
  /** Writes what an object with rows of this schema begins with. */
  header(schema: TableSchema): void;
  /**
   * Writes events from `from` to before `to`, all of one schema, until `LINES_BYTES` are reached.
   * @returns index of the first event that was not written.
   */
  write(batch: ChangeBatch, from: number, to: number): number;
  /** See `ContentFormat.refusal`. */
  readonly refusal?: ((batch: ChangeBatch, index: number) => MillraceError | undefined) | undefined;
}

export function lineFormat(options: FormatOptions): LineFormat {
  const { stage, codes } = options;
  if (stage.format === 'debezium-json') return debeziumLines(options);
  const output = new ByteOutput(2 * LINES_BYTES);
  return stage.format === 'csv'
    ? csvLines(output, stage.metadata, codes.valueNotResent)
    : jsonLines(output, stage.metadata);
}

function debeziumLines({ stage: { database, json }, jobName }: FormatOptions): LineFormat {
  const writer = new DebeziumJsonWriter({ name: jobName, db: database, json, outputBytes: LINES_BYTES });
  return {
    extension: 'ndjson',
    get bytes() {
      return writer.bytes;
    },
    clear: () => writer.clear(),
    header() {},
    write: (batch, from, to) => writer.write(batch, from, to),
  };
}

function rowLines(
  output: ByteOutput,
  parts: Pick<LineFormat, 'extension' | 'header' | 'refusal'> & { row(batch: ChangeBatch, index: number): void },
): LineFormat {
  return {
    extension: parts.extension,
    header: parts.header,
    refusal: parts.refusal,
    get bytes() {
      return output.bytes;
    },
    clear: () => output.clear(),
    write(batch, from, to) {
      let index = from;
      for (; index < to && output.length < LINES_BYTES; index++) parts.row(batch, index);
      return index;
    },
  };
}

function jsonLines(output: ByteOutput, hasMetadata: boolean): LineFormat {
  const writer = new RowJsonWriter(output);
  return rowLines(output, {
    extension: 'ndjson',
    header() {},
    row(batch, index) {
      writer.row(batch, index, hasMetadata ? eventMetadata(batch, index) : undefined);
      output.put(LINE_FEED);
    },
  });
}

function csvLines(output: ByteOutput, hasMetadata: boolean, code: ErrorCode): LineFormat {
  const writer = new RowCsvWriter(output);
  const tried = new ByteOutput(LINES_BYTES);
  const trial = new RowCsvWriter(tried);
  return rowLines(output, {
    extension: 'csv',
    header: (schema) => writer.header(schema, hasMetadata),
    row(batch, index) {
      const missing = writer.row(batch, index, hasMetadata ? eventMetadata(batch, index) : undefined);
      if (missing !== undefined) throw notResent(code, batch, index, missing);
    },
    refusal: (batch, index) => {
      if (hasMetadata) return undefined;
      const missing = trial.row(batch, index);
      tried.clear();
      return missing === undefined ? undefined : notResent(code, batch, index, missing);
    },
  });
}

function notResent(code: ErrorCode, batch: ChangeBatch, index: number, column: string): MillraceError {
  const { id } = batch.schemas[batch.schemaOf[index]!]!;
  return new MillraceError(code, {
    message: `an update of ${id} came without its large value of "${column}", which PostgreSQL does not resend when it did not change; a line of CSV without metadata can't say so`,
    mend: `Set metadata to true (then the column __unchanged names it), use ndjson, or leave the column out with a select stage.`,
    details: { table: id, column },
  });
}
