import { MillraceError } from '@millrace/kernel';
import { AuthenticationError, findErrorBy, GenericError, MultipleErrors, UserError } from '@platformatic/kafka';
import { LoginRefused } from '../errors.ts';
import { Transient } from './retry.ts';
import { tlsError } from './tls-error.ts';

/** Code of the protocol in an error of the client library, if that is what it is. */
export function protocolCode(error: unknown): number | undefined {
  if (!(error instanceof GenericError || error instanceof MultipleErrors)) return undefined;
  const found = findErrorBy(error, 'code', 'PLT_KFK_PROTOCOL');
  return found === null ? undefined : (found['apiCode'] as number);
}

/**
 * What the client library threw, as ours: a refused login as `kafka.login_refused`, a broken or silent connection as `Transient`. Errors that the
 * broker answered stay for the caller (see `protocolCode`).
 * @param broken what broke the connection, where that is known
 */
export function clientError(error: unknown, broken?: unknown): unknown {
  if (error instanceof MillraceError || error instanceof Transient) return error;
  const ofTls = tlsError(broken) ?? tlsError(error);
  if (ofTls !== undefined) return ofTls;
  if (!(error instanceof GenericError || error instanceof MultipleErrors)) return error;
  // It comes as the cause of a connection that failed.
  if (error instanceof AuthenticationError || error.cause instanceof AuthenticationError) {
    const refused = {
      message: 'the brokers refuse user or password',
      mend: 'Check sasl.mechanism, sasl.username and sasl.password; for SCRAM the user must have been made for that mechanism.',
      pointer: '/sasl',
    };
    return new MillraceError(LoginRefused, refused, { cause: error });
  }
  if (protocolCode(error) !== undefined || error instanceof UserError) return error;
  return new Transient(error.message);
}
