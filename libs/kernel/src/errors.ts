/** Whose fault: the caller's input, a system outside, or our own code. */
export type ErrorDomain = 'user' | 'external' | 'internal';

/** Whether trying again can help: `later` (with back-off), `after-repair` (a person has to mend it first), `never`. */
export type RetryHint = 'later' | 'after-repair' | 'never';

/** A registered failure. The text of `code` is stable: users and tests match on it. */
export interface ErrorCode {
  readonly code: string;
  readonly domain: ErrorDomain;
  readonly retry: RetryHint;
  /** One line for a problem document's title. */
  readonly title: string;
  /** One record is to blame: others may well pass. A stage with a policy for such records goes on without it. */
  readonly ofRecord?: boolean | undefined;
}

const registered = new Map<string, ErrorCode>();

/**
 * Registers a failure under a stable code such as `postgres.slot_lost`.
 * @throws Error when the code is taken: two meanings for one code is a bug.
 */
export function errorCode(code: string, properties: Omit<ErrorCode, 'code'>): ErrorCode {
  if (registered.has(code)) throw new Error(`error code ${code} is registered twice`);
  const entry: ErrorCode = Object.freeze({ code, ...properties });
  registered.set(code, entry);
  return entry;
}

/** Every code registered so far, sorted; the reference page is made of it. */
export function registeredErrorCodes(): readonly ErrorCode[] {
  return [...registered.values()].sort((a, b) => a.code.localeCompare(b.code, 'en'));
}

/** Something broke that has no code of its own: a bug until shown otherwise. */
export const InternalError = errorCode('internal', {
  domain: 'internal',
  retry: 'later',
  title: 'Internal error',
});

export interface ErrorInfo {
  /** What was wrong, for the user, with names and values but never a secret. */
  readonly message: string;
  /** How to mend it: a sentence, or SQL to run. */
  readonly mend?: string | undefined;
  /** Where in the user's document, as a JSON pointer (RFC 6901). */
  readonly pointer?: string | undefined;
  /** Machine-readable facts (positions, names). */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** The one error class for failures of the world: a code, what was wrong, where, and how to mend it. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError';
  readonly code: ErrorCode;
  readonly mend: string | undefined;
  readonly pointer: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, info: ErrorInfo, options?: { readonly cause?: unknown }) {
    super(info.message, options);
    this.code = code;
    this.mend = info.mend;
    this.pointer = info.pointer;
    this.details = info.details ?? {};
  }
}

/** Does this failure lie in one record, so that a policy for such records applies? */
export const isRecordError = (error: unknown): error is MillraceError =>
  error instanceof MillraceError && error.code.ofRecord === true;

/** An error as it crosses threads or is kept with a job: plain data. */
export interface ErrorRecord extends ErrorInfo {
  readonly code: string;
  readonly domain: ErrorDomain;
  readonly retry: RetryHint;
  readonly title: string;
  /** For our log only; never shown to a user. */
  readonly stack?: string | undefined;
}

/** Plain data of any thrown value; whatever is not a `MillraceError` becomes `internal`. */
export function toErrorRecord(error: unknown): ErrorRecord {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof MillraceError) {
    const { code, domain, retry, title } = error.code;
    const { message, mend, pointer, details } = error;
    return { code, domain, retry, title, message, mend, pointer, details, stack };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { ...InternalError, message, stack };
}

/** The error a record was made of; a code this process does not know is kept as it came. */
export function fromErrorRecord(record: ErrorRecord): MillraceError {
  const { code, domain, retry, title } = record;
  const error = new MillraceError(registered.get(code) ?? { code, domain, retry, title }, record);
  if (record.stack !== undefined) error.stack = record.stack;
  return error;
}
