import type { ChangeBatch, TableSchema } from '@millrace/formats';
import type { MillraceError } from '@millrace/kernel';

/**
 * Where a sink puts records that it cannot take. Given when the policy of its stage is to go on without them; absent, the first one
 * fails the job.
 *
 * All `batch`es are those that were given to `process`, the very objects, or what `recall` made.
 */
export interface Refusals {
  /** How often a record is tried again before it is refused. */
  readonly retries: number;
  /** Before the first of these; doubled each time, with jitter. */
  readonly backoffMs: number;
  /** Events that were taken before something was refused have to be asked about: an earlier one of their key may have been. */
  readonly holdsAny: boolean;
  /**
   * Sets an event aside, with the reason. The sink goes on as if it had not come.
   * @returns the indexes set aside: with one half of a key change goes the other
   */
  refuse(batch: ChangeBatch, index: number, reason: MillraceError): readonly number[];
  /** An earlier event of its key was set aside, so this one has to be as well: see `park`. */
  holds(batch: ChangeBatch, index: number): boolean;
  /** Sets an event aside that `holds` was true of. @returns the indexes set aside */
  park(batch: ChangeBatch, index: number): readonly number[];
  /** An event as text, without its schema: for a sink that finds out only when the batch is gone. */
  note(batch: ChangeBatch, index: number): string;
  /** The event of a note as a batch of one, to `refuse` or to `park`; also by a later execution. */
  recall(schema: TableSchema, note: string): ChangeBatch;
}
