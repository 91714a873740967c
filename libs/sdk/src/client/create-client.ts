import createFetchClient, { type Client } from 'openapi-fetch';
import { ApiProblem } from './api-problem.ts';
import type { paths } from './api-types.ts';
import type { ConnectionOptions } from './connection.ts';
import { type RetryOptions, retrying } from './retrying-fetch.ts';

export type Api = Client<paths, 'application/json'>;

export interface ClientOptions extends ConnectionOptions {
  /** Default: five tries. A call that is safe to repeat is repeated; so is a POST, with an `Idempotency-Key` that the client gives it. */
  readonly retry?: RetryOptions | undefined;
}

/**
 * The management API with the types of its OpenAPI document: `const { data } = await api.GET('/api/v1/jobs')`.
 * Requests that fail throw, so `data` is there whenever a call returns.
 * @throws ApiProblem from every call
 */
export function createClient({ baseUrl, apiKey, fetch = globalThis.fetch, retry }: ClientOptions): Api {
  const client = createFetchClient<paths, 'application/json'>({
    baseUrl,
    ...(apiKey === undefined ? {} : { headers: { authorization: `Bearer ${apiKey}` } }),
    fetch: retrying((request) => fetch(request), retry),
  });
  client.use({
    async onResponse({ request, response }) {
      if (!response.ok) throw await ApiProblem.ofResponse(response, request.url);
    },
    onError: ({ error, request }) => ApiProblem.of(error, request.url),
  });
  return client;
}
