import { MillraceError } from '@millrace/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ForeignOrigin } from '../http/errors.ts';
import { hostOf } from '../http/origin-guard.ts';
import { isLoopback } from '../settings/settings.ts';
import { InsecureTransport } from './errors.ts';

const COOKIE = 'millrace_session';

export const sessionToken = (request: FastifyRequest): string | undefined => request.cookies[COOKIE];

/** Where people find the API, when a proxy in front has another address: `MILLRACE_PUBLIC_URL`. */
export type PublicUrl = string | undefined;

const isEncrypted = (request: FastifyRequest, publicUrl: PublicUrl): boolean =>
  publicUrl === undefined ? request.protocol === 'https' : publicUrl.startsWith('https:');

const attributes = (request: FastifyRequest, publicUrl: PublicUrl) =>
  ({
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: isEncrypted(request, publicUrl),
  }) as const;

/** @throws MillraceError `access.insecure_transport`: a browser would send the cookie in the clear to another machine */
export function refuseInsecureTransport(request: FastifyRequest, publicUrl: PublicUrl): void {
  if (isEncrypted(request, publicUrl) || isLoopback(hostOf(request.headers.host ?? '') ?? '')) return;
  throw new MillraceError(InsecureTransport, {
    message: 'a session would travel unencrypted to another machine',
    mend: 'Put a proxy with HTTPS in front and set MILLRACE_PUBLIC_URL=https://…, or open the dashboard through a tunnel: ssh -L 8080:127.0.0.1:8080 HOST.',
  });
}

export function setSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  { token, expiresAt, publicUrl }: { readonly token: string; readonly expiresAt: Date; readonly publicUrl: PublicUrl },
): void {
  void reply.setCookie(COOKIE, token, { ...attributes(request, publicUrl), expires: expiresAt });
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply, publicUrl: PublicUrl): void {
  void reply.clearCookie(COOKIE, attributes(request, publicUrl));
}

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined);

/** Does the page that sent the request come from where the API is? */
function isSameOrigin({ headers }: FastifyRequest, publicUrl: PublicUrl): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  if (publicUrl !== undefined && originOf(origin) === originOf(publicUrl)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/**
 * A cookie goes along with whatever a browser sends, so what changes something has to come from a page of ours, and say so.
 * @param origin `required`, or `if-sent` where no cookie is used yet
 * @throws MillraceError `request.foreign_origin`
 */
export function refuseOtherPages(
  request: FastifyRequest,
  publicUrl: PublicUrl,
  origin: 'required' | 'if-sent' = 'required',
): void {
  if (origin === 'if-sent' && request.headers.origin === undefined) return;
  if (isSameOrigin(request, publicUrl)) return;
  throw new MillraceError(ForeignOrigin, {
    message:
      request.headers.origin === undefined
        ? 'the request uses a session and does not say which page it comes from'
        : 'the request was made by a page of another site',
    mend: 'Call from a page of the dashboard, or use a key: authorization: Bearer mlr_…. Behind a proxy set MILLRACE_PUBLIC_URL.',
  });
}
