import { errorCode, MASK, MillraceError } from '@millrace/kernel';

export const API_DEFAULT = 'http://127.0.0.1:8080';

export const ApiRefused = errorCode('cli.api_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The API refused a request',
});

export const ApiUnreachable = errorCode('cli.api_unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The API does not answer',
});

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly mend?: string;
  readonly errors?: readonly { readonly pointer?: string; readonly detail?: string; readonly mend?: string }[];
}

const SECRET_NAME = /password|secret|token|tlsKey|^key$/i;

/** What is shown of a request: a secret is only there as a reference such as `${env:NAME}`. */
const hideSecret = (name: string, value: unknown): unknown =>
  SECRET_NAME.test(name) && typeof value === 'string' && !value.startsWith('${') ? MASK : value;

export const HOW_TO_GIVE_A_KEY =
  'Give a key: export MILLRACE_API_KEY=mlr_…, or --key-file FILE, or save one with --save. There is none yet? millrace init.';

const asArgument = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Talks to the management API and can show each request as the `curl` line that would do the same. */
export class RestClient {
  readonly #base: string;
  readonly #show: (line: string) => void;
  readonly #authorization: Readonly<Record<string, string>>;

  /** @param key API key; without it the API has to be open */
  constructor(base: string, show: (line: string) => void, key?: string) {
    this.#base = base;
    this.#show = show;
    this.#authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  /** @throws MillraceError `cli.api_refused` with the problem document's words, `cli.api_unreachable` */
  get<Answer>(path: string): Promise<Answer> {
    return this.#send('GET', path);
  }

  /** @throws MillraceError as `get` */
  post<Answer>(path: string, body?: unknown): Promise<Answer> {
    return this.#send('POST', path, body);
  }

  /** @throws MillraceError as `get` */
  patch<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#send('PATCH', path, body);
  }

  /** @throws MillraceError as `get` */
  delete<Answer>(path: string): Promise<Answer> {
    return this.#send('DELETE', path);
  }

  async #send<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const url = `${this.#base}/api/v1/${path}`;
    const json = body === undefined ? undefined : JSON.stringify(body);
    const shown = body === undefined ? '' : JSON.stringify(body, hideSecret);
    const data = json === undefined ? '' : ` -H 'content-type: application/json' -d ${asArgument(shown)}`;
    const verb = method === 'GET' ? '' : ` -X ${method}`;
    const access =
      this.#authorization['authorization'] === undefined ? '' : ` -H "authorization: Bearer $MILLRACE_API_KEY"`;
    this.#show(`curl${verb} ${/[?&]/.test(url) ? asArgument(url) : url}${access}${data}`);
    const response = await this.#fetch(url, {
      method,
      headers: { ...this.#authorization, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(json === undefined ? {} : { body: json }),
    });
    return this.#answer(response, `${method} ${path}`);
  }

  /** The answer, or `undefined` where there is none yet (404) or the API is away. */
  async peek<Answer>(path: string): Promise<Answer | undefined> {
    try {
      const response = await fetch(`${this.#base}/api/v1/${path}`, { headers: this.#authorization });
      return response.ok ? ((await response.json()) as Answer) : undefined;
    } catch {
      return undefined;
    }
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.#base}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  async #fetch(url: string, init: RequestInit = {}): Promise<Response> {
    try {
      return await fetch(url, init);
    } catch (error) {
      const { cause, message } = error as Error;
      const why = cause instanceof Error ? cause.message : message;
      throw new MillraceError(
        ApiUnreachable,
        { message: `${this.#base} does not answer: ${why}`, mend: 'Start the API, or give its address with --api.' },
        { cause: error },
      );
    }
  }

  async #answer<Answer>(response: Response, request: string): Promise<Answer> {
    const body = (await response.json().catch(() => ({}))) as unknown;
    if (response.ok) return body as Answer;
    const problem = body as Problem;
    const details = (problem.errors ?? []).map((error) =>
      `${error.pointer ?? ''} ${error.detail ?? ''} ${error.mend ?? ''}`.trim(),
    );
    throw new MillraceError(ApiRefused, {
      message: `${request}: ${response.status} ${problem.code ?? ''} ${problem.detail ?? problem.title ?? ''}`,
      mend: [problem.mend, ...(response.status === 401 ? [HOW_TO_GIVE_A_KEY] : []), ...details]
        .filter((text) => text !== undefined)
        .join('\n'),
    });
  }
}
