import type { Operation } from './operation.ts';

/** An item of the answer to a bulk request, as `filter_path` leaves it. */
export interface BulkItem {
  readonly status: number;
  readonly error?: { readonly type?: string; readonly reason?: string };
}

/**
 * `done`: it is there, or newer. `again`: later. `refused`: it lies in the document. `foreign`: the document has a newer version that is not of this
 * execution. `fenced`: its pipeline is gone. `missing`: there is no such index. `forbidden`: it lies in the index or the rights. `create only`: it is a data stream.
 */
export type Outcome = 'done' | 'again' | 'refused' | 'foreign' | 'fenced' | 'missing' | 'forbidden' | 'create only';

const CURRENT_VERSION = /current version \[(\d+)\]/;
const NO_PIPELINE = /^pipeline with id \[[^\]]*\] does not exist/;
const CREATE_ONLY = /^only write ops with an op_type of create are allowed in data streams/;
const NOT_FOUND = 404;
const CONFLICT = 409;
const TOO_MANY = 429;

export function outcomeOf(
  { status, error }: BulkItem,
  { action }: Pick<Operation, 'action'>,
  isOwn: (version: bigint) => boolean,
): Outcome {
  if (status < 300) return 'done';
  const { type = '', reason = '' } = error ?? {};
  // A delete of what is not there has no error.
  if (status === NOT_FOUND) return error === undefined && action === 'delete' ? 'done' : 'missing';
  if (status === CONFLICT) {
    if (action === 'create') return 'done';
    const current = CURRENT_VERSION.exec(reason)?.[1];
    return current !== undefined && isOwn(BigInt(current)) ? 'done' : 'foreign';
  }
  // A full disk closes indexes to writes until there is room again.
  if (status === TOO_MANY || status >= 500 || type === 'cluster_block_exception') return 'again';
  if (NO_PIPELINE.test(reason)) return 'fenced';
  if (CREATE_ONLY.test(reason) && action === 'index') return 'create only';
  if (status === 401 || status === 403) return 'forbidden';
  return 'refused';
}
