import createFetchClient, { type Client } from 'openapi-fetch';
import { ApiProblem } from './api-problem.ts';
import type { Problem, paths } from './api-types.ts';

export type Api = Client<paths, 'application/json'>;

export interface ClientOptions {
  /** Where the API listens, without a path: `https://millrace.example.com`; empty in a page that the API itself serves. */
  readonly baseUrl: string;
  /** Text of an API key; none in a page, where the session's cookie speaks. */
  readonly apiKey?: string | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** What is not a problem document comes from something between us and the API. */
async function problemOf(response: Response, url: string): Promise<Problem> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  if (typeof body === 'object' && body !== null && 'code' in body) return body as Problem;
  return {
    type: 'urn:millrace:error:client.unexpected_answer',
    title: 'The answer is not one of the API',
    status: response.status,
    code: 'client.unexpected_answer',
    detail: `${url} answered ${response.status} with something that is not a problem document`,
    mend: 'Look whether the address is that of the API, and what stands between.',
    instance: new URL(url).pathname,
    requestId: response.headers.get('x-request-id') ?? '',
  };
}

/**
 * The management API with the types of its OpenAPI document: `const { data } = await api.GET('/api/v1/jobs')`.
 * Requests that fail throw, so `data` is there whenever a call returns.
 * @throws ApiProblem from every call
 */
export function createClient({ baseUrl, apiKey, fetch }: ClientOptions): Api {
  const client = createFetchClient<paths, 'application/json'>({
    baseUrl,
    ...(apiKey === undefined ? {} : { headers: { authorization: `Bearer ${apiKey}` } }),
    ...(fetch === undefined ? {} : { fetch: (request) => fetch(request) }),
  });
  client.use({
    async onResponse({ request, response }) {
      if (!response.ok) throw new ApiProblem(await problemOf(response, request.url));
    },
    onError({ error, request }) {
      const { origin, pathname } = new URL(request.url);
      return new ApiProblem(
        {
          type: 'urn:millrace:error:client.no_answer',
          title: 'The API does not answer',
          status: 0,
          code: 'client.no_answer',
          detail: `${origin} does not answer: ${error instanceof Error ? error.message : String(error)}`,
          mend: 'Look whether the API is up and the address is right.',
          instance: pathname,
          requestId: '',
        },
        { cause: error },
      );
    },
  });
  return client;
}
