import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';

const ATTEMPT_MS_MAX = 250;
const AGAIN_MS = 15;

/** A caller as the guide wants it: sends each request again, under its key, until it is answered with 2xx. */
export class PatientCaller implements AsyncDisposable {
  /** Rows of requests that were answered. */
  readonly answered: number[] = [];
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  #count = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** Begins to send; resolves when the request is answered, or nothing more is sent. */
  send(ids: readonly number[]): Promise<void> {
    this.#count += 1;
    const sending = this.#send(ids, `request-${this.#count}`).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
    this.#sending.add(sending);
    return sending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#sending);
  }

  async #send(ids: readonly number[], key: string): Promise<void> {
    const body = JSON.stringify(ids.map((id) => ({ id, note: 'x' })));
    for (;;) {
      this.#stop.signal.throwIfAborted();
      // A connection of its own each time: the one before may lead to a process that hangs.
      const pool = new Pool(new URL(this.#url).origin, { connections: 1 });
      try {
        const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ATTEMPT_MS_MAX)]);
        const headers = { 'content-type': 'application/json', 'idempotency-key': key };
        const { statusCode } = await pool.request({ method: 'POST', path: '/', headers, body, signal });
        if (statusCode < 300) {
          this.answered.push(...ids);
          return;
        }
        if (statusCode < 500) throw new TypeError(`the request is refused with ${statusCode}`);
      } catch (error) {
        if (error instanceof TypeError) throw error;
      } finally {
        await pool.destroy();
      }
      await pause(AGAIN_MS, undefined, { signal: this.#stop.signal });
    }
  }
}
