import type { AccessRole } from '@millrace/catalog';
import { assert } from '@millrace/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Who makes a request. */
export interface Actor {
  /** With a key, by a session that a key began, or `open`: there is no key yet, and whoever reaches the API may do everything. */
  readonly kind: 'key' | 'session' | 'open';
  readonly keyId: string | null;
  readonly name: string;
  readonly role: AccessRole;
  /** Of the key, or of the session when that ends earlier. */
  readonly expiresAt: Date | null;
}

const actors = new WeakMap<object, Actor>();

export const setActor = (request: FastifyRequest, actor: Actor): void => {
  actors.set(request.raw, actor);
};

/** Who makes the request; `undefined` where no key is asked for. */
export const actorOf = (request: FastifyRequest): Actor | undefined => actors.get(request.raw);

/** Parameter of a handler: who calls. Not for routes that are open to anyone. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const actor = actorOf(context.switchToHttp().getRequest<FastifyRequest>());
  assert(actor !== undefined, 'the access hook has told who calls');
  return actor;
});
