import { MillraceError } from '@millrace/kernel';
import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../settings/settings.ts';
import { ForeignOrigin } from './errors.ts';

/** The host name of a `Host` header. */
export const hostOf = (authority: string): string | undefined =>
  URL.canParse(`http://${authority}`) ? new URL(`http://${authority}`).hostname : undefined;

/**
 * Without keys, being on this machine is the only permission, and a browser on this machine runs the pages of other sites. Refused: a host name that is
 * not this machine's (DNS rebinding), and a request that a page of another origin makes.
 * @throws MillraceError `request.foreign_origin`
 */
export function refuseForeignOrigin(request: Pick<FastifyRequest, 'headers'>): void {
  const host = hostOf(request.headers.host ?? '');
  const { origin } = request.headers;
  const isForeign = origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.headers.host);
  if (host !== undefined && isLoopback(host) && !isForeign) return;
  throw new MillraceError(ForeignOrigin, {
    message: isForeign
      ? 'the request was made by a page of another site'
      : 'the request was not addressed to this machine',
    mend: 'Call the API at 127.0.0.1 or localhost, not from a page of another site.',
  });
}
