import { MillraceError } from '@millrace/kernel';
import { HttpException } from '@nestjs/common';
import { BodyTooLarge, MalformedJson, NoSuchRoute, NotJson, RequestRefused } from './errors.ts';

export const BODY_BYTES_MAX = 1_048_576;

/** Refusals of Fastify with status 400 that are not about what the body says. */
const NOT_THE_BODY = /^(Request body size|URI malformed|'.*' is not a valid url component)/;

interface Coded {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly message?: string;
}

/** Names what the framework or the HTTP parser threw; `undefined` for what has no name, which is a bug. */
export function toMillraceError(
  error: unknown,
  request: { readonly method: string; readonly path: string },
): MillraceError | undefined {
  if (error instanceof MillraceError) return error;
  const { code, statusCode, message } = error as Coded;
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || status === 413) {
    return new MillraceError(BodyTooLarge, {
      message: `the body is longer than ${BODY_BYTES_MAX} bytes`,
      mend: 'Send a shorter document; split a large pipeline into several jobs.',
    });
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || status === 415) {
    return new MillraceError(NotJson, {
      message: 'the body is not declared as JSON',
      mend: 'Send the header content-type: application/json.',
      details: { parameter: 'content-type' },
    });
  }
  if (status === 404) {
    return new MillraceError(NoSuchRoute, {
      message: `there is no ${request.method} ${request.path}`,
      mend: 'GET /api/openapi.json lists every route.',
    });
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    // What the parser says may quote the body, and a body may hold a secret: only what cannot is repeated.
    if (status !== 400 || NOT_THE_BODY.test(message ?? '')) {
      return new MillraceError(RequestRefused, {
        message: `the request is refused: ${message}`,
        mend: 'GET /api/openapi.json says what is expected.',
      });
    }
    return new MillraceError(MalformedJson, {
      message: 'the body is not well-formed JSON',
      mend: 'Send one JSON document: double quotes, no trailing comma, no key named __proto__; or no body and no header content-type.',
    });
  }
  return undefined;
}
