import type { Catalog } from '@millrace/catalog';
import { type IdSource, MillraceError } from '@millrace/kernel';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, concatMap, from, type Observable, of, switchMap } from 'rxjs';
import type { AccessConfig } from '../access/roles.ts';
import { BadHeader, IdempotencyBusy, IdempotencyMismatch } from './errors.ts';
import { setResourceId } from './resource-id.ts';

const KEY_LENGTH_MAX = 200;
const REPLAYED = 'idempotent-replayed';

/**
 * `Idempotency-Key` on POST: the first answer is kept and given again to the same request; another body with the same key is refused.
 * A refused request is forgotten, so that after the repair the same key may be used.
 * Follows draft-ietf-httpapi-idempotency-key-header-06, except for that.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  readonly #catalog: Catalog;
  readonly #ids: IdSource;

  constructor(catalog: Catalog, ids: IdSource) {
    this.#catalog = catalog;
    this.#ids = ids;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (request.method !== 'POST') return next.handle();
    const resourceId = this.#ids.next();
    setResourceId(request, resourceId);
    const key = parseKey(request.headers['idempotency-key']);
    if (key === undefined) return next.handle();
    if ((request.routeOptions.config as AccessConfig).answersSecret) throw secretAnswer();
    const reply = http.getResponse<FastifyReply>();
    const route = `POST ${request.routeOptions.url}`;
    const body = JSON.stringify([request.params, request.query, request.body ?? null]);
    const { idempotency } = this.#catalog;
    return from(idempotency.claim({ route, key, body, resourceId })).pipe(
      switchMap((claim) => {
        if (claim.kind === 'mismatch') throw mismatch(key);
        if (claim.kind === 'busy') throw busy(key);
        if (claim.kind === 'answered') {
          void reply.status(claim.status).header(REPLAYED, 'true');
          return of(claim.body);
        }
        setResourceId(request, claim.resourceId);
        return next.handle().pipe(
          catchError(async (error: unknown) => {
            await idempotency.release(route, key);
            throw error;
          }),
          concatMap(async (answer: unknown) => {
            await idempotency.answer(route, key, reply.statusCode, answer);
            return answer;
          }),
        );
      }),
    );
  }
}

function parseKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && header.length > 0 && header.length <= KEY_LENGTH_MAX) return header;
  throw new MillraceError(BadHeader, {
    message: `Idempotency-Key is empty or longer than ${KEY_LENGTH_MAX} characters`,
    mend: 'Send one key, such as a UUID, or leave the header away.',
    details: { parameter: 'idempotency-key' },
  });
}

const secretAnswer = (): MillraceError =>
  new MillraceError(BadHeader, {
    message: 'this answer holds a secret that is shown once, so it is not kept for an Idempotency-Key',
    mend: 'Leave the header away; if no answer came, revoke what was made and make it again.',
    details: { parameter: 'idempotency-key' },
  });

const mismatch = (key: string): MillraceError =>
  new MillraceError(IdempotencyMismatch, {
    message: `the idempotency key ${JSON.stringify(key)} was used for another body`,
    mend: 'Use a new key for a new request.',
    details: { parameter: 'idempotency-key' },
  });

const busy = (key: string): MillraceError =>
  new MillraceError(IdempotencyBusy, {
    message: `the first request with the idempotency key ${JSON.stringify(key)} has no answer yet`,
    mend: 'Try again in a second.',
    details: { parameter: 'idempotency-key' },
  });
