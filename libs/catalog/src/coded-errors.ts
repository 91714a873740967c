import { MillraceError } from '@millrace/kernel';
import { CatalogUnavailable } from './errors.ts';

/** SQLSTATE classes 08 (connection) and 57P (the server is going down), 53300 (no connection left), and what Node says when nobody is there. */
const CONNECTION_LOST =
  /^(08...|57P..|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;
/** What node-postgres says without a code. */
const CONNECTION_LOST_TEXT =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

interface DriverFailure {
  readonly code?: unknown;
  readonly message?: string;
  /** TypeORM keeps the driver's error beside its own. */
  readonly driverError?: DriverFailure;
  /** Node tries every address of a host and reports all. */
  readonly errors?: readonly DriverFailure[];
}

function isConnectionLost({ code, message, driverError, errors }: DriverFailure): boolean {
  if (typeof code === 'string' && CONNECTION_LOST.test(code)) return true;
  if (message !== undefined && CONNECTION_LOST_TEXT.test(message)) return true;
  return (driverError !== undefined && isConnectionLost(driverError)) || (errors ?? []).some(isConnectionLost);
}

/** `catalog.unavailable` for a connection that failed or broke; any other error as it is. */
export function codedError(error: unknown): unknown {
  if (error instanceof MillraceError || !isConnectionLost(error as DriverFailure)) return error;
  const message = 'the metadata database does not answer';
  const mend = 'Try again; if it stays, look at the server MILLRACE_DATABASE_URL names.';
  return new MillraceError(CatalogUnavailable, { message, mend }, { cause: error });
}

/** The same object, whose methods fail with `catalog.unavailable` when the database is away, instead of in the driver's many ways. */
export function withCodedErrors<T extends object>(repository: T): T {
  return new Proxy(repository, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        const result: unknown = member.apply(target, given);
        return result instanceof Promise ? result.catch((error: unknown) => Promise.reject(codedError(error))) : result;
      };
    },
  });
}
