import type { AccessRole } from '@millrace/catalog';
import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension } from '@nestjs/swagger';

/** Who may call a route: a role and those above it, or `anyone`, also without a key. */
export type RouteAccess = AccessRole | 'anyone';

/** What is said of a route besides who may call it. */
export interface RouteTraits {
  /** What the audit log calls it, where that does not follow from verb and path. */
  readonly action?: string;
  /** Not in the audit log whatever its verb: it changes nothing, or is a program's part in a delivery that goes on. */
  readonly unaudited?: true;
  /** Called many times a second by design, and bounded otherwise: not counted as a request of its key. */
  readonly uncounted?: true;
  /** The answer holds a secret that is shown once: it is not kept for an `Idempotency-Key`. */
  readonly answersSecret?: true;
}

/** What the routes of Fastify carry for the hook that asks; set by the decorators here, or by hand at a route that is not Nest's. */
export interface AccessConfig extends RouteTraits {
  readonly access?: RouteAccess;
}

/** Name of the OpenAPI extension that tells the role. */
export const ROLE_EXTENSION = 'x-role';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The role a route without a mark needs: to read viewer, for everything else editor. */
export const roleByVerb = (method: string): AccessRole => (READS.has(method.toUpperCase()) ? 'viewer' : 'editor');

const access = (needed: RouteAccess, traits: RouteTraits): MethodDecorator =>
  applyDecorators(
    RouteConfig({ access: needed, ...traits } satisfies AccessConfig),
    ApiExtension(ROLE_EXTENSION, needed),
  );

/** The route needs this role, instead of the one that follows from its verb. */
export const NeedsRole = (role: AccessRole, traits: RouteTraits = {}): MethodDecorator => access(role, traits);

/** The route asks for no key. */
export const OpenToAnyone = (traits: RouteTraits = {}): MethodDecorator => access('anyone', traits);
