import { type Clock, MillraceError } from '@millrace/kernel';
import type { SourceSession } from './source-dialect.ts';

/** How long a database may be away before the job fails (and is started again later). */
const PATIENCE_MS = 60_000;
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 5_000;

export interface KeeperOptions {
  readonly open: () => Promise<SourceSession>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A session that is opened anew when it breaks. */
export class SessionKeeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  #session: SourceSession | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /**
   * Does the work, again where it was cut off by something that passes.
   * @param work goes on behind what it has done before; `moved` says that there is something new.
   */
  async persist<T>(work: (session: SourceSession, moved: () => void) => Promise<T>): Promise<T> {
    const { clock, signal, open } = this.#options;
    let pauseMs = PAUSE_MS_MIN;
    let untilMs = clock.monotonicMs() + PATIENCE_MS;
    const moved = (): void => {
      pauseMs = PAUSE_MS_MIN;
      untilMs = clock.monotonicMs() + PATIENCE_MS;
    };
    for (;;) {
      signal.throwIfAborted();
      let session: SourceSession | undefined;
      const abort = (): void => session?.abort();
      try {
        session = this.#session ?? (await open());
        this.#session = session;
        signal.addEventListener('abort', abort, { once: true });
        signal.throwIfAborted();
        return await work(session, moved);
      } catch (error) {
        await this.#drop();
        const passes = error instanceof MillraceError && error.code.retry === 'later';
        if (signal.aborted || !passes || clock.monotonicMs() >= untilMs) throw error;
      } finally {
        signal.removeEventListener('abort', abort);
      }
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drop();
  }

  /** Whatever it was doing is cut off. */
  async #drop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    session?.abort();
    await session?.close().catch(() => {});
  }
}
