import { type Clock, MillraceError, type Random } from '@millrace/kernel';
import { EndpointRefused, Failing, RecordRefused, Unreachable } from '../errors.ts';
import { retryAfterMs, verdictOf } from './answer.ts';
import type { Circuit } from './circuit.ts';
import type { Answer, Receiver, SentRequest } from './receiver.ts';

const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 10_000;

export interface DeliveryOptions {
  readonly receiver: Receiver;
  readonly circuit: Circuit;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
  /** Attempts at a request that ends in 500, after which it counts as refused; absent: it is tried until the patience ends. */
  readonly attemptsMax: number | undefined;
  readonly retried: () => void;
}

/** Sends requests until they are delivered, or it is known that they are not to be. */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the receiver has answered 2xx.
   * @throws MillraceError `http.record_refused` where it lies in what was sent; `http.endpoint_refused`, `http.failing`, `http.unreachable` and others where it does not
   */
  async deliver(request: SentRequest): Promise<void> {
    const { circuit, clock, random, signal, patienceMs } = this.#options;
    let deadlineMs = clock.monotonicMs() + patienceMs;
    for (let attempt = 1, pauseMs = PAUSE_MS_MIN; ; attempt++, pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      await circuit.admit(signal);
      const { error, waitMs = 0 } = await this.#attempt(request, attempt);
      if (error === undefined) return;
      // Full jitter of the upper half; what the receiver asked for is a lower bound, and does not count against it.
      const jitteredMs = pauseMs * (0.5 + random.next() / 2);
      deadlineMs += waitMs;
      if (clock.monotonicMs() + Math.max(jitteredMs, waitMs) > deadlineMs) throw error;
      this.#options.retried();
      await clock.sleep(waitMs + jitteredMs, signal);
    }
  }

  /** Why to try again, or nothing when it was delivered. */
  async #attempt(
    request: SentRequest,
    attempt: number,
  ): Promise<{ readonly error?: MillraceError; readonly waitMs?: number | undefined }> {
    const { receiver, circuit, clock, signal, attemptsMax } = this.#options;
    let answer: Answer;
    try {
      answer = await receiver.send(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      circuit.failed();
      if (error instanceof MillraceError && error.code === Unreachable) return { error };
      throw error;
    }
    const verdict = verdictOf(answer.status);
    // An answer that finds fault with a record is one of a receiver that works.
    if (verdict === 'delivered' || verdict === 'record') circuit.succeeded();
    else circuit.failed();
    switch (verdict) {
      case 'delivered':
        return {};
      case 'record':
        throw refusal(receiver.origin, answer);
      case 'endpoint':
        throw endpointRefused(receiver.origin, answer);
      case 'again-record':
        if (attemptsMax !== undefined && attempt >= attemptsMax) throw refusal(receiver.origin, answer);
        break;
      case 'again':
    }
    return { error: failing(receiver.origin, answer), waitMs: retryAfterMs(answer.retryAfter, clock.nowMs()) };
  }
}

const said = ({ status, quote }: Answer): string => (quote === '' ? String(status) : `${status}: ${quote}`);

const refusal = (origin: string, answer: Answer): MillraceError =>
  new MillraceError(RecordRefused, {
    message: `${origin} refuses a record with ${said(answer)}`,
    mend: 'Correct the record or the receiver. Records that it refuses can be set aside: give the stage onError.',
    details: { status: answer.status },
  });

const endpointRefused = (origin: string, answer: Answer): MillraceError =>
  new MillraceError(EndpointRefused, {
    message: `${origin} takes nothing at this address: it answers ${said(answer)}`,
    mend:
      answer.status < 400
        ? 'Redirects are not followed: write the address that it leads to in url.'
        : 'Correct url, path, method, authorization and secret of the sink, or the receiver; then resume the job.',
    details: { status: answer.status },
  });

const failing = (origin: string, answer: Answer): MillraceError =>
  new MillraceError(Failing, {
    message: `${origin} answers ${said(answer)}`,
    mend: 'Look at the log of the receiver; the job tries again. For a receiver that is slow to recover raise patience.',
    details: { status: answer.status },
  });
