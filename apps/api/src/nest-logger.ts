import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** Nest's own words go to our log. What it says at start-up is detail: normal operation is silent at info. */
export class NestLogger implements LoggerService {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  log(message: unknown, ...context: unknown[]): void {
    this.#log.debug({ context: context.at(-1) }, String(message));
  }

  warn(message: unknown, ...context: unknown[]): void {
    this.#log.warn({ context: context.at(-1) }, String(message));
  }

  error(message: unknown, ...context: unknown[]): void {
    this.#log.error(
      { context: context.at(-1), ...(message instanceof Error ? { err: message } : {}) },
      String(message),
    );
  }

  fatal(message: unknown, ...context: unknown[]): void {
    this.#log.fatal({ context: context.at(-1) }, String(message));
  }
}
