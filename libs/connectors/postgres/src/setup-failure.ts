import { type ErrorCode, MillraceError } from '@millrace/kernel';
import { type ServerErrorFields, serverError } from './stream/server-error.ts';

/** What a statement that sets something up needs, by the SQLSTATE it fails with. */
export type SetupFailures = Readonly<Record<string, { readonly code: ErrorCode; readonly mend: string }>>;

/** SQLSTATE `insufficient_privilege`. */
export const NO_PRIVILEGE = '42501';

/**
 * Runs `action`; its known failures become errors with the statement that repairs them, others keep the server's words.
 * @throws MillraceError
 */
export async function withMend<T>(what: string, failures: SetupFailures, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const fields = error as ServerErrorFields & Error;
    const known = failures[fields.code ?? ''];
    if (known === undefined) throw serverError(fields, what, error);
    const info = { message: `${what}: ${fields.message}`, mend: known.mend, details: { sqlState: fields.code } };
    throw new MillraceError(known.code, info, { cause: error });
  }
}
