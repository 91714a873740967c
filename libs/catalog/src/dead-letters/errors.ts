import { errorCode, MillraceError } from '@millrace/kernel';
import { type LetterKey, letterId } from './dead-letter.ts';

const user = { domain: 'user', retry: 'never' } as const;

export const UnknownDeadLetter = errorCode('dead_letter.unknown', { ...user, title: 'Unknown dead letter' });
/** An earlier letter of the key is not resolved, and not part of the request. */
export const KeyIsParked = errorCode('dead_letter.key_is_parked', {
  domain: 'user',
  retry: 'after-repair',
  title: 'An earlier record of the key is set aside',
});
export const DeadLetterWrongState = errorCode('dead_letter.wrong_state', {
  ...user,
  title: 'Dead letter is in the wrong state',
});
/** A job that will not run again replays nothing. */
export const DeadLetterJobEnded = errorCode('dead_letter.job_ended', {
  ...user,
  title: 'The job has ended and replays nothing',
});

/** Ids that a message names; `details` has more. */
const NAMED_MAX = 5;

export const namedLetters = (letters: readonly LetterKey[]): string => {
  const named = letters.slice(0, NAMED_MAX).map(letterId).join(', ');
  return letters.length > NAMED_MAX ? `${named} and ${letters.length - NAMED_MAX} more` : named;
};

export const unknownLetters = (jobName: string, ids: readonly string[]): MillraceError =>
  new MillraceError(UnknownDeadLetter, {
    message: `the job "${jobName}" has no dead letter ${ids.slice(0, NAMED_MAX).join(', ')}${ids.length > NAMED_MAX ? ` and ${ids.length - NAMED_MAX} more` : ''}`,
    mend: `GET /api/v1/jobs/${jobName}/dead-letters lists them; an id is the stage, a dot and the number.`,
    details: { ids },
  });
