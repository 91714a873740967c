import type { ConnectionOptions } from '@millrace/connector-postgres/log';
import { MillraceError } from '@millrace/kernel';
import { DefinitionInvalid } from '../errors.ts';

const DEFAULT_PORT = 5_432;
const SSL: Readonly<Record<string, ConnectionOptions['ssl']>> = {
  disable: 'disable',
  allow: 'prefer',
  prefer: 'prefer',
  require: 'require',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
};

/** What a `postgres://` URL says. @throws MillraceError `eventstore.definition_invalid` */
export function connectionOf(url: string): ConnectionOptions {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const ssl = SSL[parsed?.searchParams.get('sslmode') ?? 'prefer'];
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol) || ssl === undefined) {
    throw new MillraceError(DefinitionInvalid, {
      message: 'the URL of the log is none that PostgreSQL has',
      mend: 'Write it as postgres://user:password@host:5432/database?sslmode=require.',
      pointer: '/url',
    });
  }
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(parsed.port || DEFAULT_PORT),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    user: decodeURIComponent(parsed.username),
    password: parsed.password === '' ? undefined : decodeURIComponent(parsed.password),
    ssl,
  };
}
