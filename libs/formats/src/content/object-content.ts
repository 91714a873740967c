import type { MillraceError } from '@millrace/kernel';
import { type ChangeBatch } from '../change/change-batch.ts';
import { type TableSchema } from '../change/table-schema.ts';

/** What an object is made of: takes events, gives bytes as they will be stored. */
export interface ObjectContent {
  /** Bytes it holds now. */
  readonly heldBytes: number;
  /**
   * Takes events from `from` to before `to`, all of its schema, and nothing of the batch stays in use.
   * @returns index of the first event that was not taken; at least one is.
   */
  append(batch: ChangeBatch, from: number, to: number): number;
  /** Gives the last bytes. */
  finish(): Promise<void>;
  /** Frees what it holds. */
  discard(): void;
}

export interface ContentOptions {
  readonly schema: TableSchema;
  /** Of the object; no other has it. */
  readonly key: string;
  /** Takes bytes; they are not changed afterwards. */
  readonly store: (bytes: Uint8Array) => void;
  /** Told when less is held than before. */
  readonly onProgress: () => void;
  /** Told of a failure of what goes on by itself. */
  readonly onFailure: (error: unknown) => void;
}

/** One for all objects of a writer. */
export interface ContentFormat {
  /** Of object names, such as `ndjson.gz`. */
  readonly extension: string;
  create(options: ContentOptions): ObjectContent;
  /** Why this event cannot be written, whatever else its object holds. Absent: everything can. */
  refusal?(batch: ChangeBatch, index: number): MillraceError | undefined;
}
