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
}
