import { errorCode, MillraceError } from '@millrace/kernel';

const LetterNameInvalid = errorCode('pipeline.letter_name_invalid', {
  domain: 'user',
  retry: 'never',
  title: 'Letters cannot be called by the name of the stage',
});

/** The name of a stage as part of the names of its letters: `copy` of `copy.17`. @throws MillraceError `pipeline.letter_name_invalid` */
export function letterName(stage: string): string {
  if (/^[\w-]{1,63}$/.test(stage)) return stage;
  throw new MillraceError(LetterNameInvalid, {
    message: `stage "${stage}" sets records aside, and these go by its name and a number`,
    mend: 'Give it a name of letters, digits, "-" and "_", at most 63, with setName.',
    details: { stage },
  });
}
