import type { Job } from '../entities.ts';

/** The job that letters are of. */
export type JobRef = Pick<Job, 'id' | 'name'>;

/** What becomes of a dead letter. `replayed` and `discarded` are the end. */
export const DEAD_LETTER_STATES = ['open', 'replaying', 'replayed', 'discarded'] as const;

export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** Values by column, as PostgreSQL's texts; a column that is absent was not resent because it did not change. */
export type LetterImage = Readonly<Record<string, string | null>>;

/** The change that was set aside, as the engine writes it; only what is looked at here is typed. */
export interface LetterEvent {
  /** `c` created, `u` updated, `d` deleted, `r` read by the initial load, `t` table truncated. */
  readonly op: 'c' | 'u' | 'd' | 'r' | 't';
  readonly schema: { readonly columns: readonly { readonly name: string; readonly key: boolean }[] };
  readonly before: LetterImage | null;
  readonly after: LetterImage | null;
}

/** Where a letter is found within its job. */
export interface LetterKey {
  readonly stage: string;
  /** Grows per stage in the order in which records were set aside. */
  readonly number: number;
}

/** A record that a stage set aside. */
export interface DeadLetter extends LetterKey {
  readonly state: DeadLetterState;
  /** Stable error code. */
  readonly reason: string;
  readonly message: string;
  readonly mend: string | null;
  /** It was not tried itself: an earlier record of its key is set aside. */
  readonly isParked: boolean;
  readonly table: string;
  /** Key columns as texts. */
  readonly key: LetterImage;
  /** Where the source had it; null for rows of the initial load. */
  readonly commitLsn: string | null;
  readonly eventIndex: number | null;
  readonly committedAt: Date | null;
  readonly attempts: number;
  readonly isEdited: boolean;
  /** Letters a second at most, of the request that has it replayed. */
  readonly replayRate: number | null;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly resolvedAt: Date | null;
}

/** A letter with the record itself. */
export interface DeadLetterWithEvent extends DeadLetter {
  readonly event: LetterEvent;
  /** What is replayed instead of `event`. */
  readonly edited: LetterEvent | null;
  /** Earlier letters of its key that are not resolved, oldest first, ten at most; of a parked letter. */
  readonly heldBy: readonly LetterKey[];
}

export interface DeadLetterGroup {
  readonly stage: string;
  readonly reason: string;
  readonly table: string;
  readonly counts: Readonly<Record<DeadLetterState, number>>;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** Number of its newest letter. */
  readonly newest: number;
}

/** Letters of a job that nobody has resolved. */
export interface UnresolvedCounts {
  readonly open: number;
  readonly replaying: number;
}

const LETTER_ID = /^([\w-]{1,63})\.(0|[1-9]\d{0,14})$/;

/** `<stage>.<number>`, as people name a letter. */
export const letterId = ({ stage, number }: LetterKey): string => `${stage}.${number}`;

/** `undefined` for a text that is no id of a letter. */
export function parseLetterId(text: string): LetterKey | undefined {
  const match = LETTER_ID.exec(text);
  return match === null ? undefined : { stage: match[1]!, number: Number(match[2]) };
}

/** Ids of letters in few words: `copy.3-7` is five of them. */
export function letterRanges(letters: readonly LetterKey[]): readonly string[] {
  const sorted = [...letters].sort((a, b) => a.stage.localeCompare(b.stage, 'en') || a.number - b.number);
  const ranges: { stage: string; first: number; last: number }[] = [];
  for (const { stage, number } of sorted) {
    const current = ranges.at(-1);
    if (current?.stage === stage && current.last === number - 1) current.last = number;
    else ranges.push({ stage, first: number, last: number });
  }
  return ranges.map(({ stage, first, last }) => (first === last ? `${stage}.${first}` : `${stage}.${first}-${last}`));
}
