import { includesRole } from '@millrace/catalog';
import { MillraceError } from '@millrace/kernel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { type Actor, setActor } from './actor.ts';
import type { Authenticator } from './authenticator.ts';
import { RoleTooLow } from './errors.ts';
import type { RateLimits } from './rate-limits.ts';
import { type AccessConfig, type RouteAccess, roleByVerb } from './roles.ts';

/** Files of the dashboard: the same for everybody, and needed to log in. */
const DASHBOARD = /^\/(ui(\/.*)?)?$/;

export interface AccessParts {
  readonly authenticator: Authenticator;
  readonly limits: RateLimits;
  readonly trail: AuditTrail;
  readonly log: Logger;
}

const configOf = (request: FastifyRequest): AccessConfig => request.routeOptions.config as AccessConfig;

/** Who may call the route of a request. */
function accessTo(request: FastifyRequest): RouteAccess {
  const { access } = configOf(request);
  if (access !== undefined) return access;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (isRead && DASHBOARD.test(request.routeOptions.url ?? '')) return 'anyone';
  return roleByVerb(request.method);
}

/**
 * Asks before anything else of a request is read, its body included, who calls and whether he may. One place for every route, of Nest or not;
 * a route without a mark needs the role that follows from its verb.
 */
export function addAccessHook(fastify: FastifyInstance, parts: AccessParts): void {
  fastify.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const needed = accessTo(request);
    if (needed === 'anyone') {
      if (!(await isQuietlyOpen(parts.authenticator))) await parts.limits.count(request);
      return;
    }
    const actor = await identify(request, parts);
    setActor(request, actor);
    // While there is no key, only this machine calls.
    if (actor.kind !== 'open' && !configOf(request).uncounted) await parts.limits.count(request);
    if (includesRole(actor.role, needed)) return;
    const refusal = roleTooLow(actor, needed);
    await parts.trail.refused(request, refusal);
    throw refusal;
  });
}

/** A database that is away keeps no health check from answering. */
const isQuietlyOpen = (authenticator: Authenticator): Promise<boolean> => authenticator.isOpen().catch(() => false);

async function identify(request: FastifyRequest, { authenticator, limits, log }: AccessParts): Promise<Actor> {
  try {
    return await authenticator.identify(request);
  } catch (error) {
    if (error instanceof MillraceError && error.code.code.startsWith('access.')) {
      await limits.countFailure(request);
      log.info({ requestId: request.id, address: request.ip, code: error.code.code }, 'a caller was not let in');
    }
    throw error;
  }
}

const roleTooLow = ({ name, role }: Actor, needed: RouteAccess): MillraceError =>
  new MillraceError(RoleTooLow, {
    message: `this needs the role ${needed}, and "${name}" has the role ${role}`,
    mend: `Use a key with the role ${needed}, or ask an admin for one: millrace keys create NAME --role ${needed}.`,
    details: { role, needed },
  });
