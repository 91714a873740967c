import type { ErrorDomain } from '@millrace/kernel';

/** HTTP statuses belong to this edge, not to the errors. Codes that are not here follow from whose fault it is. */
const BY_CODE: Readonly<Record<string, number>> = {
  'source.unknown': 404,
  'sink.unknown': 404,
  'job.unknown': 404,
  'subscription.unknown': 404,
  'subscription.unreachable': 503,
  'subscription.too_many_instances': 503,
  'job.no_figures': 404,
  'request.no_such_route': 404,
  'module.unknown': 404,
  'module.uploads_off': 403,
  'module.too_large': 413,
  'module.in_use': 409,
  'source.name_taken': 409,
  'sink.name_taken': 409,
  'job.name_taken': 409,
  'source.in_use': 409,
  'sink.in_use': 409,
  'job.active': 409,
  'job.wrong_state': 409,
  'dead_letter.unknown': 404,
  'dead_letter.key_is_parked': 409,
  'dead_letter.wrong_state': 409,
  'dead_letter.job_ended': 409,
  'idempotency.busy': 409,
  'catalog.version_conflict': 412,
  'catalog.unavailable': 503,
  'redis.unavailable': 503,
  'request.bad_parameter': 400,
  'request.bad_header': 400,
  'request.malformed_json': 400,
  'request.refused': 400,
  'request.foreign_origin': 403,
  'request.body_too_large': 413,
  'request.unsupported_media_type': 415,
};

const BY_DOMAIN: Readonly<Record<ErrorDomain, number>> = { user: 422, external: 502, internal: 500 };

export const statusOf = ({ code, domain }: { readonly code: string; readonly domain: ErrorDomain }): number =>
  BY_CODE[code] ?? BY_DOMAIN[domain];
