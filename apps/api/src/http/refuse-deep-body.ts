import { MillraceError } from '@millrace/kernel';
import { inputInvalid, TooDeep } from './errors.ts';

/** No document of ours comes near it; whatever walks a document by recursion relies on it. */
const DEPTH_MAX = 64;

/** @throws MillraceError `input.invalid` for a body nested deeper than any document of ours */
export function refuseDeepBody(body: unknown): void {
  let level: readonly unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) throw tooDeep();
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

const tooDeep = (): MillraceError =>
  inputInvalid([
    {
      code: TooDeep.code,
      message: `the body is nested more than ${DEPTH_MAX} levels deep`,
      mend: 'Send a flatter document.',
      pointer: '',
    },
  ]);
