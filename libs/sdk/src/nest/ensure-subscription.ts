import type { Operation } from '../changes/change.ts';
import { ApiProblem } from '../client/api-problem.ts';
import type { Connection } from '../client/connection.ts';

export interface WantedSubscription {
  readonly name: string;
  readonly source: string;
  readonly tables: readonly string[];
  readonly operations: readonly Operation[];
  readonly filter?: string | undefined;
  readonly initialLoad: 'none' | 'full';
}

/** The subscription that is there brings something else than the handlers want. */
export class SubscriptionDiffers extends Error {
  override readonly name = 'SubscriptionDiffers';
}

/**
 * Makes the subscription when it is not there; several instances may do it at once.
 * @throws ApiProblem, SubscriptionDiffers
 */
export async function ensureSubscription(
  connection: Connection,
  wanted: WantedSubscription,
  mayCreate: boolean,
): Promise<void> {
  const found = (await find(connection, wanted.name)) ?? (mayCreate ? await create(connection, wanted) : undefined);
  if (found === undefined) {
    throw new SubscriptionDiffers(
      `there is no subscription ${wanted.name}, and this service may not make it: POST /api/v1/subscriptions ${JSON.stringify(wanted)}`,
    );
  }
  const differing = (['source', 'tables', 'operations', 'filter', 'initialLoad'] as const).filter(
    (field) => text(found[field]) !== text(wanted[field]),
  );
  if (differing.length === 0) return;
  const says = differing.map(
    (field) => `${field} is ${text(found[field])} and the handlers want ${text(wanted[field])}`,
  );
  throw new SubscriptionDiffers(
    `subscription ${wanted.name}: ${says.join('; ')}. Give the handlers another consumer, or delete the subscription (DELETE /api/v1/subscriptions/${wanted.name}): the next start makes it anew, from then on.`,
  );
}

interface ShownSubscription extends WantedSubscription {
  readonly status: string;
  readonly error: { readonly message: string; readonly mend?: string } | null;
}

/** @throws ApiProblem */
export const showSubscription = async (connection: Connection, name: string): Promise<ShownSubscription> =>
  (await connection.json('GET', `/api/v1/subscriptions/${name}`)) as ShownSubscription;

/** Why the job of a subscription brings no changes; `undefined` when it does. */
export function jobProblem({ status, error }: ShownSubscription): string | undefined {
  if (status === 'RUNNING') return undefined;
  const reason = error === null ? '' : `: ${error.message} ${error.mend ?? ''}`.trimEnd();
  return `the job of the subscription is ${status}${reason}`;
}

async function find(connection: Connection, name: string): Promise<WantedSubscription | undefined> {
  try {
    return await showSubscription(connection, name);
  } catch (error) {
    if (error instanceof ApiProblem && error.problem.status === 404) return undefined;
    throw error;
  }
}

async function create(connection: Connection, wanted: WantedSubscription): Promise<WantedSubscription | undefined> {
  try {
    return (await connection.json('POST', '/api/v1/subscriptions', wanted)) as WantedSubscription;
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'job.name_taken') return find(connection, wanted.name);
    throw error;
  }
}

/** Lists in any order. */
function text(value: string | readonly string[] | undefined): string {
  if (value === undefined) return 'absent';
  return JSON.stringify(typeof value === 'string' ? value : value.toSorted((a, b) => a.localeCompare(b, 'en')));
}
