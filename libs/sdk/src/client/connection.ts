import { ApiProblem } from './api-problem.ts';

export interface ConnectionOptions {
  /** Where the API listens, without a path: `https://millrace.example.com`; empty in a page that the API itself serves. */
  readonly baseUrl: string;
  /** Text of an API key; none in a page, where the session's cookie speaks. */
  readonly apiKey?: string | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
}

interface Request {
  readonly body?: unknown;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Longest wait for the answer to a call that is no stream. */
const ANSWER_MS_MAX = 30_000;

/** Requests to the API, for what the typed client has no words for. */
export class Connection {
  readonly #options: ConnectionOptions;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** @throws ApiProblem */
  async request(method: string, path: string, { body, accept, signal, headers }: Request = {}): Promise<Response> {
    const { baseUrl, apiKey, fetch = globalThis.fetch } = this.#options;
    const url = `${baseUrl.replace(/\/$/, '')}${path}`;
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: {
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
          ...(accept === undefined ? {} : { accept }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      throw ApiProblem.of(error, url);
    }
    if (!response.ok) throw await ApiProblem.ofResponse(response, url);
    return response;
  }

  /** @throws ApiProblem */
  async json(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await this.request(method, path, { body, signal, headers });
    const text = await response.text().catch((error: unknown) => {
      throw ApiProblem.of(error, path);
    });
    return text === '' ? undefined : JSON.parse(text);
  }
}
