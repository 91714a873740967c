import type { ApiProblem } from '../client/api-problem.ts';
import type { Connection } from '../client/connection.ts';
import type { Change } from './change.ts';
import { GivenUp } from './given-up.ts';
import type { Delivered } from './subscriber.ts';
import { backOff, wait } from './wait.ts';

/** What becomes of a change that a handler can't handle. */
export interface RetryPolicy {
  /** Tries of one change. Default 5. */
  readonly tries?: number | undefined;
  /** Before the second try; doubled each time, with jitter. Default 200 ms. */
  readonly firstMs?: number | undefined;
  /** Longest wait between two tries. Default 30 s. */
  readonly mostMs?: number | undefined;
  /**
   * After the last: `dead-letter` (the change is set aside, later ones of its key go on) or `hold` (it is tried again and again, and its key waits; when a whole
   * window waits behind it, so does the instance). Default `dead-letter`.
   */
  readonly afterwards?: 'dead-letter' | 'hold' | undefined;
}

export const RETRY_DEFAULTS = { tries: 5, firstMs: 200, mostMs: 30_000, afterwards: 'dead-letter' } as const;
/** The code of a letter of a handler that threw something without one. */
const REASON = 'handler.failed';
const MESSAGE_LENGTH_MAX = 4_000;

export interface Attempt {
  readonly attempt: number;
  /** Aborted when the change is another instance's, or this one ends without waiting any longer. */
  readonly signal: AbortSignal;
}

export interface HandlerRunnerOptions {
  readonly connection: Connection;
  readonly subscription: string;
  readonly instance: string;
  readonly retry: RetryPolicy;
  readonly random: () => number;
  readonly handle: (change: Change, attempt: Attempt) => Promise<void>;
  readonly onFailure: (failure: { readonly change: Change; readonly attempt: number; readonly error: unknown }) => void;
  readonly onProblem: (problem: ApiProblem) => void;
}

/** Tries a handler as often as its policy says, then sets the change aside. */
export class HandlerRunner {
  readonly #options: HandlerRunnerOptions;
  readonly #closing = new AbortController();

  constructor(options: HandlerRunnerOptions) {
    this.#options = options;
  }

  /** Whoever waits for another try, waits no longer. */
  close(): void {
    this.#closing.abort(new Error('this instance leaves'));
  }

  /** Resolves with whether the change is handled or set aside; otherwise it comes again, here or elsewhere. */
  async run(delivered: Delivered): Promise<boolean> {
    const { tries = RETRY_DEFAULTS.tries, afterwards = RETRY_DEFAULTS.afterwards } = this.#options.retry;
    const signal = AbortSignal.any([delivered.lost, this.#closing.signal]);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#options.handle(delivered.change, { attempt, signal });
        return true;
      } catch (error) {
        this.#options.onFailure({ change: delivered.change, attempt, error });
        const isLast = error instanceof GivenUp || (attempt >= tries && afterwards === 'dead-letter');
        if (isLast && !signal.aborted) return this.#setAside(delivered, error, attempt, signal);
        await this.#pause(attempt, signal);
        if (signal.aborted) return false;
      }
    }
  }

  async #setAside(delivered: Delivered, error: unknown, attempts: number, signal: AbortSignal): Promise<boolean> {
    const { connection, subscription, instance, onProblem } = this.#options;
    const { partition, epoch, number } = delivered;
    const path = `/api/v1/subscriptions/${encodeURIComponent(subscription)}/refusals`;
    const body = { instance, partition, epoch, number, attempts, ...reasonOf(error) };
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        // Harmless twice: the letter has the number of the change.
        await connection.json('POST', path, body);
        return true;
      } catch (problem) {
        onProblem(problem as ApiProblem);
        await this.#pause(attempt, signal);
      }
    }
    return false;
  }

  async #pause(attempt: number, signal: AbortSignal): Promise<void> {
    const { retry, random } = this.#options;
    const { firstMs = RETRY_DEFAULTS.firstMs, mostMs = RETRY_DEFAULTS.mostMs } = retry;
    await wait(backOff(attempt, firstMs, mostMs, random), signal);
  }
}

function reasonOf(error: unknown): { readonly reason: string; readonly message: string } {
  const text = error instanceof Error ? error.message : String(error);
  const message = text.slice(0, MESSAGE_LENGTH_MAX) || 'the handler threw an error without a message';
  return { reason: error instanceof GivenUp ? error.reason : REASON, message };
}
