import { MillraceError } from '@millrace/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { BadHeader } from './errors.ts';

/** The version `If-Match` asks for; `undefined` without the header or for `*`. @throws MillraceError `request.bad_header` */
export function parseIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const match = /^\s*"(\d{1,9})"\s*$/.exec(header);
  if (match !== null) return Number(match[1]);
  throw new MillraceError(BadHeader, {
    message: 'If-Match is not an ETag of this API',
    mend: 'Send the ETag of the resource as it was answered, such as "3", or leave the header away.',
    details: { parameter: 'if-match' },
  });
}

/** Parameter of a handler: the version the caller's change is made from. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext) =>
  parseIfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);
