import type { ChangeBatch, TableSchema } from '@millrace/formats';

/** Writes one part of messages: their keys, or their values. Not reentrant. */
export interface PartWriter {
  /** Whether events of the table can be written; else `prepare` comes first. Absent: always. */
  isReady?(table: TableSchema, topic: string): boolean;
  /**
   * Registers what the table's messages need.
   * @throws MillraceError
   */
  prepare?(table: TableSchema, topic: string): Promise<void>;
  /** The part of an event, valid until the next `write`; `undefined`: it has none (the row is gone). */
  write(batch: ChangeBatch, index: number): Uint8Array | undefined;
}
