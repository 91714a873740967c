import {
  type DeadLetter,
  type DeadLetterGroup,
  type DeadLetterWithEvent,
  type Job,
  type LetterOutcome,
  letterId,
} from '@millrace/catalog';
import type { LetterDetailView, LetterGroupsView, LetterOutcomeView, LetterView } from './dead-letter.schemas.ts';

/** What the API shows of a letter in a list. */
export function letterView(letter: DeadLetter): LetterView {
  const { stage, number, state, reason, message, mend, isParked, table, key, attempts, isEdited, replayRate } = letter;
  const { commitLsn, eventIndex, committedAt, firstAt, lastAt, resolvedAt } = letter;
  return {
    id: letterId(letter),
    stage,
    number,
    state,
    reason,
    message,
    mend,
    isParked,
    table,
    key: { ...key },
    position: commitLsn === null ? null : { commitLsn, index: eventIndex ?? 0 },
    committedAt: committedAt?.toISOString() ?? null,
    attempts,
    isEdited,
    replayRate,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
  };
}

export const letterDetailView = (letter: DeadLetterWithEvent): LetterDetailView => ({
  ...letterView(letter),
  heldBy: letter.heldBy.map(letterId),
  event: { ...letter.event },
  edited: letter.edited && { ...letter.edited },
});

export const letterGroupsView = (groups: readonly DeadLetterGroup[]): LetterGroupsView => ({
  items: groups.map(({ stage, reason, table, counts, firstAt, lastAt, newest }) => ({
    stage,
    reason,
    table,
    counts,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    newest: letterId({ stage, number: newest }),
  })),
});

export function letterOutcomeView(outcome: LetterOutcome, job: Job): LetterOutcomeView {
  const { dryRun, letters, hasMore, stages, keyCount, keys, hinderedCount, hindered } = outcome;
  return {
    dryRun,
    letters,
    hasMore,
    stages: stages.map((stage) => ({ ...stage })),
    keyCount,
    keys: keys.map(({ first, last, key, ...group }) => ({
      ...group,
      key: { ...key },
      first: letterId(first),
      last: letterId(last),
    })),
    hinderedCount,
    hindered: hindered.map(({ letter, code, message, by }) => ({
      id: letterId(letter),
      code,
      detail: message,
      by: by.map(letterId),
    })),
    jobStatus: job.status,
  };
}
