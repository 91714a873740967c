import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

const ids = new WeakMap<FastifyRequest, string>();

/** Fixes the id of what a request makes; the idempotency interceptor does, before the handler. */
export const setResourceId = (request: FastifyRequest, id: string): void => {
  ids.set(request, id);
};

/** Parameter of a handler that makes something: the id it gets. */
export const ResourceId = createParamDecorator((_: unknown, context: ExecutionContext) =>
  ids.get(context.switchToHttp().getRequest<FastifyRequest>()),
);
