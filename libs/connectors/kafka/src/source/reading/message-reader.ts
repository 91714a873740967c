import type { DeclaredRow } from '@millrace/formats';
import type { KafkaRecord } from '@platformatic/kafka';

/** A row that a message puts in its place, or removes (then only its key counts). */
export interface RowEvent {
  readonly row: DeclaredRow;
  readonly isDelete: boolean;
}

/** Reads the values of one format. Deletes by a message without value are not its business. */
export interface MessageReader {
  /** Fetches what these messages need. @throws MillraceError */
  prepare?(topic: string, messages: readonly Buffer[]): Promise<void>;
  /**
   * What a message with a value says; `undefined`: nothing about rows.
   * @throws NotAValue
   */
  event(topic: string, value: Buffer, record: KafkaRecord): RowEvent | undefined;
}

/** Reads the keys of one format: the columns of the key. */
export interface KeyReader {
  prepare?(topic: string, messages: readonly Buffer[]): Promise<void>;
  /** @throws NotAValue */
  row(topic: string, key: Buffer): DeclaredRow;
}
