import { MillraceError } from '@millrace/kernel';
import { PositionLost } from '../../errors.ts';

/** The id before all others. */
export const BEGINNING = '0-0';

/** How far a stream is read. Plain data, part of the saved state. */
export interface StreamPlace {
  /** Of the last entry that was handed on. */
  readonly id: string;
  /** Entries ever added up to there. */
  readonly number: number;
  /** Highest id that was removed by itself before the first start: that says nothing. */
  readonly deletedId: string;
}

/** What XINFO STREAM says of a stream; of one that is not there yet all is nothing. */
export interface StreamFacts {
  readonly length: number;
  /** Entries ever added. */
  readonly added: number;
  readonly lastId: string;
  /** The highest id that was removed by itself (XDEL); trimming does not count. */
  readonly deletedId: string;
}

const NOTHING: StreamFacts = { length: 0, added: 0, lastId: BEGINNING, deletedId: BEGINNING };

/** @param answer of XINFO STREAM, an error where the stream is not there */
export function streamFacts(answer: unknown): StreamFacts {
  if (answer instanceof Error) {
    if (/no such key/i.test(answer.message)) return NOTHING;
    throw answer;
  }
  const parts = answer as readonly unknown[];
  const of = (name: string): unknown => parts[parts.indexOf(name) + 1];
  return {
    length: Number(of('length')),
    added: Number(of('entries-added')),
    lastId: String(of('last-generated-id')),
    deletedId: String(of('max-deleted-entry-id')),
  };
}

/** Ids are two numbers, which may be larger than a double holds. */
export function isIdAfter(id: string, other: string): boolean {
  const [time, sequence] = id.split('-').map(BigInt) as [bigint, bigint];
  const [otherTime, otherSequence] = other.split('-').map(BigInt) as [bigint, bigint];
  return time > otherTime || (time === otherTime && sequence > otherSequence);
}

/**
 * Trimming takes the oldest entries first, so of those that are gone none was unread as long as they are no more than were read; one that was removed
 * by itself has an id. Ask in one step with the read, or entries may go in between.
 * @throws MillraceError `redis.position_lost`
 */
export function checkHistory(stream: string, place: StreamPlace, facts: StreamFacts): void {
  const gone = facts.added - facts.length;
  const unread = gone - place.number;
  const { id } = place;
  let why: string | undefined;
  if (isIdAfter(id, facts.lastId)) why = 'the stream was removed, or set back';
  else if (unread > 0) why = `${unread} entries behind it were trimmed away before they were read`;
  else if (facts.deletedId !== place.deletedId && isIdAfter(facts.deletedId, id))
    why = `entry ${facts.deletedId} behind it was removed`;
  if (why === undefined) return;
  throw new MillraceError(PositionLost, {
    message: `stream ${stream} is read up to ${id}, and ${why}`,
    mend: 'Keep entries for longer than the longest outage (XTRIM, MAXLEN, MINID). Start the job anew to go on with what is there.',
    details: { stream, id },
  });
}
