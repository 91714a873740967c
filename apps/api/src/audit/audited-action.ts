import type { AuditEntryInput } from '@millrace/catalog';
import type { FastifyRequest } from 'fastify';
import type { AccessConfig } from '../access/roles.ts';

const CHANGES: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'replace',
  PATCH: 'update',
  DELETE: 'delete',
};

const underscored = (text: string): string => text.replaceAll('-', '_');
const singular = (text: string): string => underscored(text).replace(/s$/, '');

/**
 * What a route does, in words that stay: `POST /api/v1/sources` is `source.create`, `POST /api/v1/jobs/:id/suspend` is `job.suspend`,
 * `DELETE /api/v1/sources/:id/slots/:slot` is `slot.delete`.
 */
export function actionOfRoute(method: string, url: string): string {
  const segments = url.replace(/^\/(api\/v1\/)?/, '').split('/');
  const names = segments.filter((segment) => !segment.startsWith(':'));
  const last = names.at(-1) ?? '';
  const owner = names.at(-2);
  const isVerb = owner !== undefined && !segments.at(-1)!.startsWith(':');
  return isVerb
    ? `${singular(owner)}.${underscored(last)}`
    : `${singular(last)}.${CHANGES[method] ?? underscored(method)}`;
}

/** What a request is about to do, for the audit log; `undefined` when it changes nothing. */
export function auditedAction(request: FastifyRequest): AuditEntryInput | undefined {
  const { config, url = '' } = request.routeOptions;
  const { action, unaudited } = config as AccessConfig;
  if (!(request.method in CHANGES) || unaudited === true) return undefined;
  const parameters = request.params as Readonly<Record<string, string>> | undefined;
  const [resource = ''] = url.replace(/^\/(api\/v1\/)?/, '').split('/');
  const { id, ...others } = parameters ?? {};
  return {
    action: action ?? actionOfRoute(request.method, url),
    target: id === undefined ? resource : `${resource.replace(/s$/, '')}/${id}`,
    details: { ...others },
  };
}
