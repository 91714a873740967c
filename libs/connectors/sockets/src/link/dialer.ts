import type { Socket } from 'node:net';
import { type MillraceError, parseDurationMs, systemRandom } from '@millrace/kernel';
import { isFinal } from '../errors.ts';
import { framedText } from '../framing/framing.ts';
import { dial } from './dial.ts';
import { endSocket } from './end-socket.ts';
import type { Link, LinkOptions } from './link.ts';
import { secureContextOf } from './secure-context.ts';

const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 10_000;

/** One connection to a place elsewhere; when it ends, the next. */
export class Dialer implements Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #socket: Socket | undefined;
  #running: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    secureContextOf(this.#options.config);
    this.#options.context.metrics.set('connections', 0);
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#options.failed(error);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the connection is closed'));
    if (this.#socket !== undefined) await endSocket(this.#socket);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, metrics } = this.#options.context;
    const patienceMs = parseDurationMs(this.#options.config.patience)!;
    let aliveMs = clock.monotonicMs();
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      try {
        const sinceMs = clock.monotonicMs();
        await this.#connection();
        aliveMs = clock.monotonicMs();
        // One that breaks at once, each time, is not dialled in a loop.
        if (aliveMs - sinceMs > pauseMs) pauseMs = PAUSE_MS_MIN;
        metrics.add('reconnects', 1);
      } catch (error) {
        this.#closing.signal.throwIfAborted();
        if (isFinal(error as MillraceError) || clock.monotonicMs() - aliveMs > patienceMs) throw error;
      }
      const jitteredMs = pauseMs * (0.5 + systemRandom.next() / 2);
      await clock.sleep(jitteredMs, this.#closing.signal);
    }
  }

  /** Resolves when it has ended. */
  async #connection(): Promise<void> {
    const { config, allowHalfOpen, connected, context, framing } = this.#options;
    const socket = await dial(config, allowHalfOpen, this.#closing.signal);
    this.#socket = socket;
    context.metrics.set('connections', 1);
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    if (config.hello !== undefined) socket.write(framedText(framing, config.hello));
    connected(socket);
    await ended;
    this.#socket = undefined;
    context.metrics.set('connections', 0);
  }
}
