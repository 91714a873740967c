import type { Definition, Job, Schedule, Subscription } from '../client/api-types.ts';
import type { Api } from '../client/create-client.ts';
import { isObject, type SecretOptions } from './check-config.ts';

/** What the API has. */
export interface PresentState {
  readonly source: ReadonlyMap<string, Definition>;
  readonly sink: ReadonlyMap<string, Definition>;
  /** Those of subscriptions too. */
  readonly job: ReadonlyMap<string, Job>;
  readonly subscription: ReadonlyMap<string, Subscription>;
  readonly schedule: ReadonlyMap<string, Schedule>;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

const PAGE = 200;

/** @throws ApiProblem */
export async function readPresentState(api: Api): Promise<PresentState> {
  const [source, sink, job, subscription, schedule] = await Promise.all([
    byName<Definition>((query) => api.GET('/api/v1/sources', { params: { query } })),
    byName<Definition>((query) => api.GET('/api/v1/sinks', { params: { query } })),
    byName<Job>((query) => api.GET('/api/v1/jobs', { params: { query } })),
    byName<Subscription>((query) => api.GET('/api/v1/subscriptions', { params: { query } })),
    byName<Schedule>((query) => api.GET('/api/v1/schedules', { params: { query } })),
  ]);
  return { source, sink, job, subscription, schedule };
}

/** @throws ApiProblem */
export async function readSecretOptions(api: Api): Promise<SecretOptions> {
  const { data } = await api.GET('/api/v1/connectors');
  const secrets = new Map<string, readonly string[]>();
  for (const { role, type, config } of data!.items) {
    const options = Object.entries(isObject(config['properties']) ? config['properties'] : {});
    const marked = options.filter(([, schema]) => isObject(schema) && schema['x-millrace-secret'] === true);
    secrets.set(
      `${role} ${type}`,
      marked.map(([option]) => option),
    );
  }
  return (role, type) => secrets.get(`${role} ${type}`) ?? [];
}

async function byName<T extends { readonly name: string }>(
  list: (query: { limit: number; cursor?: string }) => Promise<{ data?: Page<T> }>,
): Promise<ReadonlyMap<string, T>> {
  const found = new Map<string, T>();
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { data }: { data?: Page<T> } = await list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const item of data!.items) found.set(item.name, item);
    cursor = data!.nextCursor;
  }
  return found;
}
