/** An assertion failed: a bug of ours, never the world's fault (those are `MillraceError`s). */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * States what must be true inside the program.
 * @throws AssertionError when it is not.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
