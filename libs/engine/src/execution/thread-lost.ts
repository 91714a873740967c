import { MillraceError } from '@millrace/kernel';
import { ThreadLost } from '../errors.ts';

/** The error of everything that ran on a thread that is gone. */
export function threadLost(message: string, cause?: unknown): MillraceError {
  return new MillraceError(
    ThreadLost,
    {
      message,
      mend: 'The job can be restarted from its newest snapshot. If it happens again: look for an error nobody catches, or raise the memory limit.',
    },
    { cause },
  );
}
