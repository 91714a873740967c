import type { DeadLetter } from './dead-letter.ts';

/** A letter's columns as `DeadLetter` names them, and what a page needs to go on after it. */
export const LETTER_COLUMNS = `letter.stage, letter.number, letter.state, letter.reason, letter.message, letter.mend,
  letter.is_parked AS "isParked", letter.table_id AS "table", letter.row_key AS key, letter.commit_lsn AS "commitLsn",
  letter.event_index AS "eventIndex", letter.committed_at AS "committedAt", letter.attempts,
  letter.edited IS NOT NULL AS "isEdited", letter.replay_rate AS "replayRate", letter.first_at AS "firstAt",
  letter.last_at AS "lastAt", letter.resolved_at AS "resolvedAt"`;

/** What the letters of a key have in common; the hash is there for the index. */
export const keySql = (letter: string): string =>
  `${letter}.stage, ${letter}.table_id, jsonb_hash_extended(${letter}.row_key::jsonb, 0), ${letter}.row_key::jsonb`;

/** node-postgres gives int8 as text. */
export type LetterRow<T extends DeadLetter = DeadLetter> = Omit<T, 'number'> & { readonly number: string };

export const letterOf = <T extends DeadLetter>(row: LetterRow<T>): T =>
  ({ ...row, number: Number(row.number) }) as unknown as T;

/** Place of a letter in the order in which records were set aside. */
export interface LetterPlace {
  /** Microseconds since 1970, in digits. */
  readonly atUs: string;
  readonly stage: string;
  readonly number: number;
}

export const PLACE_US = '(extract(epoch FROM letter.first_at) * 1000000)::bigint';
