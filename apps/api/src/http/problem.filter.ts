import { InternalError, maskSecretsDeep, toErrorRecord } from '@millrace/kernel';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { PROBLEM_TYPE, problemOf } from './problem.ts';
import { statusOf } from './status-of.ts';
import { toMillraceError } from './to-millrace-error.ts';

const RETRY_AFTER_SECONDS = 1;

/** Every failure leaves through here, as a problem document. Failures of our own are logged; those of the caller are the caller's to know. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Also for what fails before a route is found, which Nest never sees. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const path = request.url.split('?', 1)[0]!;
    const error = toMillraceError(thrown, { method: request.method, path });
    const record = error === undefined ? { ...toErrorRecord(thrown), ...InternalError } : toErrorRecord(error);
    const status = statusOf(record);
    if (status >= 500) {
      const { method } = request;
      const cause = error?.cause ?? thrown;
      this.#log.error({ requestId: request.id, method, path, code: record.code, err: cause }, record.message);
    }
    const { retryAfterSeconds } = record.details ?? {};
    if (record.retry === 'later')
      void reply.header('retry-after', typeof retryAfterSeconds === 'number' ? retryAfterSeconds : RETRY_AFTER_SECONDS);
    if (status === 401) void reply.header('www-authenticate', 'Bearer realm="millrace"');
    void reply
      .status(status)
      .header('content-type', PROBLEM_TYPE)
      .header('x-request-id', request.id)
      // What a person sent by mistake in a wrong place comes back in messages.
      .send(maskSecretsDeep(problemOf(record, status, { instance: path, requestId: request.id })));
  }
}
