import { type AuditEntryInput, type AuditOrigin, Catalog, runInAuditScope } from '@millrace/catalog';
import { MillraceError } from '@millrace/kernel';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type Actor, actorOf } from '../access/actor.ts';
import { toMillraceError } from '../http/to-millrace-error.ts';
import { auditedAction } from './audited-action.ts';

/**
 * Writes what people do. The entry is written before the deed and its outcome after it, by the transaction of the deed where that is one of the
 * catalog's. So no deed is without an entry: what a crash between the two can cost is the outcome, which then reads `unknown`. Without the
 * database nothing is done.
 */
export class AuditTrail {
  readonly #catalog: Catalog;
  readonly #log: Logger;

  constructor(catalog: Catalog, log: Logger) {
    this.#catalog = catalog;
    this.#log = log;
  }

  /** Carries a change out between its entry and its outcome. */
  async run<T>(request: FastifyRequest, actor: Actor, entry: AuditEntryInput, change: () => Promise<T>): Promise<T> {
    const scope = await this.#catalog.audit.begin(entry, originOf(request, actor));
    const end = async (outcome: 'done' | 'refused' | 'failed', code?: string): Promise<void> => {
      try {
        await this.#catalog.audit.end(scope, { outcome, ...(code === undefined ? {} : { code }) });
      } catch (error) {
        // The deed is done, or not, whatever becomes of this; the entry is there and reads `unknown`.
        this.#log.error({ requestId: request.id, err: error }, 'the outcome of an audit entry could not be written');
      }
    };
    try {
      const result = await runInAuditScope(scope, change);
      await end('done');
      return result;
    } catch (error) {
      const known = toMillraceError(error, { method: request.method, path: '' });
      const isRefusal = known?.code.domain === 'user';
      await end(isRefusal ? 'refused' : 'failed', known?.code.code ?? 'internal');
      throw error;
    }
  }

  /** A change that somebody asked for who may not. */
  async refused(request: FastifyRequest, refusal: MillraceError): Promise<void> {
    const entry = auditedAction(request);
    const actor = actorOf(request);
    if (entry === undefined || actor === undefined) return;
    await this.#catalog.audit.refused(entry, originOf(request, actor), refusal.code.code);
  }
}

const originOf = (request: FastifyRequest, { kind, keyId, name, role }: Actor): AuditOrigin => ({
  actor: { kind, keyId, name, role },
  requestId: request.id,
  address: request.ip,
  request: `${request.method} ${request.routeOptions.url}`,
});
