import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { actorOf } from '../access/actor.ts';
import type { AuditTrail } from './audit-trail.ts';
import { auditedAction } from './audited-action.ts';

/** Every request that changes something becomes an entry of the audit log. Innermost, so that an answer given again is not a second deed. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  readonly #trail: AuditTrail;

  constructor(trail: AuditTrail) {
    this.#trail = trail;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const entry = auditedAction(request);
    const actor = actorOf(request);
    // Routes that are open to anyone write their own, once they know who calls.
    if (entry === undefined || actor === undefined) return next.handle();
    return from(
      this.#trail.run(request, actor, entry, () => lastValueFrom(next.handle(), { defaultValue: undefined })),
    );
  }
}
