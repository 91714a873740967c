import type { Problem } from './api-types.ts';

/**
 * A request that the API refused, or that never got an answer: the problem document (RFC 9457) as an error. `code` is stable, `mend` says
 * what to do.
 */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  get mend(): string | undefined {
    return this.problem.mend;
  }

  /** Nobody can say whether the request was done, or the API says that it can be tried again. */
  get isPassing(): boolean {
    const { status } = this.problem;
    return status === 0 || status === 429 || status >= 500;
  }

  /** What was thrown on the way to the API, as a problem. */
  static of(error: unknown, url = ''): ApiProblem {
    if (error instanceof ApiProblem) return error;
    const place = URL.canParse(url) ? new URL(url) : undefined;
    const reason =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
    return new ApiProblem(
      {
        type: 'urn:millrace:error:client.no_answer',
        title: 'The API does not answer',
        status: 0,
        code: 'client.no_answer',
        detail: `${place?.origin ?? 'the API'} does not answer: ${reason}`,
        mend: 'Look whether the API is up and the address is right.',
        instance: place?.pathname ?? '',
        requestId: '',
      },
      { cause: error },
    );
  }

  /** Of an answer that is no success. What is not a problem document comes from something between us and the API. */
  static async ofResponse(response: Response, url: string): Promise<ApiProblem> {
    const body: unknown = await response
      .clone()
      .json()
      .catch(() => undefined);
    if (typeof body === 'object' && body !== null && 'code' in body) return new ApiProblem(body as Problem);
    return new ApiProblem({
      type: 'urn:millrace:error:client.unexpected_answer',
      title: 'The answer is not one of the API',
      status: response.status,
      code: 'client.unexpected_answer',
      detail: `${url} answered ${response.status} with something that is not a problem document`,
      mend: 'Look whether the address is that of the API, and what stands between.',
      instance: new URL(url).pathname,
      requestId: response.headers.get('x-request-id') ?? '',
    });
  }
}
