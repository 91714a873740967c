import { type Column, columnText, type DeclaredRow, NotAValue, type TableSchema } from '@millrace/formats';
import type { KafkaRecord } from '@platformatic/kafka';
import type { KeyReader, MessageReader, RowEvent } from './message-reader.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param what it is, for the message. @throws NotAValue */
export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new NotAValue(`${what} is not text in UTF-8`);
  }
}

function plainValue(column: Column, bytes: Buffer): string | null {
  if (column.kind === 'bytea') return `\\x${bytes.toString('hex')}`;
  const what = `its "${column.name}"`;
  const text = textOf(bytes, what);
  try {
    return columnText(column, text, true);
  } catch (error) {
    throw error instanceof NotAValue ? new NotAValue(`${what} ${error.message}`) : error;
  }
}

/** The bytes of the key as its one column. */
export class PlainKeys implements KeyReader {
  readonly #column: Column;

  constructor(schema: TableSchema) {
    this.#column = schema.columns.find((column) => column.key)!;
  }

  row(_topic: string, key: Buffer): DeclaredRow {
    return { [this.#column.name]: plainValue(this.#column, key) };
  }
}

/** The bytes of the key as the one column of the key, and those of the value as the other one. */
export class PlainMessages implements MessageReader {
  readonly #keys: KeyReader;
  readonly #column: Column;

  constructor(schema: TableSchema, keys: KeyReader) {
    this.#keys = keys;
    this.#column = schema.columns.find((column) => !column.key)!;
  }

  event(topic: string, value: Buffer, { key }: KafkaRecord): RowEvent {
    if (key === null) throw new NotAValue('it has no key');
    const row = { ...this.#keys.row(topic, key), [this.#column.name]: plainValue(this.#column, value) };
    return { row, isDelete: false };
  }
}
