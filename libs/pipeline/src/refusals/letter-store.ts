import type { EventRecord, RecordImage } from '@millrace/formats';

/** A record that a stage could not take. */
export interface Letter {
  /** Grows in the order in which the stage set records aside; the same when a replayed record is refused again. */
  readonly number: number;
  /** Code of the error. */
  readonly reason: string;
  readonly message: string;
  readonly mend: string | undefined;
  /** Not tried: an earlier record of its key is set aside. */
  readonly isParked: boolean;
  /** The key columns; empty for a table without a key. */
  readonly rowKey: RecordImage;
  readonly record: EventRecord;
  /** How often the stage has tried it. */
  readonly attempts: number;
}

/** A letter that somebody has decided about. */
export interface LetterRequest extends Pick<Letter, 'number' | 'attempts' | 'rowKey'> {
  readonly kind: 'replay' | 'discard';
  /** As edited, if it was. */
  readonly record: EventRecord;
  /** Other letters of its key are open, and nobody has decided about them. */
  readonly leavesOthers: boolean;
}

/** What became of requests, told with the snapshot that covers it. */
export interface Handled {
  readonly replayed: readonly Pick<Letter, 'number' | 'attempts'>[];
  /** Numbers of the discards that the stage has heard of. */
  readonly discarded: readonly number[];
}

/**
 * The letters of one stage of a job, as the execution writes them. Exactly once by two phases: what was added is seen when the snapshot
 * that seals it is committed. Calls never overlap. All reject when the database is away.
 */
export interface LetterStore extends AsyncDisposable {
  /**
   * Called first. Shows what the restored snapshot had sealed and tells what it had handled, and removes what is newer.
   * @returns the highest number there is
   */
  recover(
    restored: { readonly snapshotId: number; readonly generation: number; readonly handled: Handled } | undefined,
  ): Promise<number>;
  /** Keeps letters that no snapshot covers yet. @throws MillraceError `dead_letters.too_many` */
  add(letters: readonly Letter[]): Promise<void>;
  /** All added so far belongs to this snapshot. */
  seal(snapshotId: number): Promise<void>;
  /** Phase two: shows what was sealed, and tells what was handled before. Harmless twice. */
  publish(snapshotId: number, handled: Handled): Promise<void>;
  /** What people have decided and the stage has not handled, in the order of numbers; those in `known` are left out. */
  requests(
    known: readonly number[],
  ): Promise<{ readonly requests: readonly LetterRequest[]; readonly hasMore: boolean }>;
}

/** Opens the store of a stage for an execution. */
export type OpenLetterStore = (stage: {
  readonly jobId: string;
  readonly stage: string;
  readonly generation: number;
  readonly openMax: number;
}) => Promise<LetterStore>;
