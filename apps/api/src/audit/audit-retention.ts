import type { Catalog } from '@millrace/catalog';
import type { Clock } from '@millrace/kernel';
import type { Logger } from 'pino';

/** How often old entries are looked for. */
const PURGE_EVERY_MS = 3_600_000;

/** Removes entries of the audit log when they are old, hourly while the API runs. */
export class AuditRetention implements Disposable {
  readonly #catalog: Catalog;
  readonly #days: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  #cancel: () => void;
  #isEnded = false;

  constructor(
    catalog: Catalog,
    { days, clock, log }: { readonly days: number; readonly clock: Clock; readonly log: Logger },
  ) {
    this.#catalog = catalog;
    this.#days = days;
    this.#clock = clock;
    this.#log = log;
    this.#cancel = clock.timer(PURGE_EVERY_MS, () => void this.#purge());
  }

  [Symbol.dispose](): void {
    this.#isEnded = true;
    this.#cancel();
  }

  async #purge(): Promise<void> {
    try {
      const removed = await this.#catalog.audit.purge(this.#days);
      if (removed > 0) this.#log.debug({ removed, days: this.#days }, 'old entries of the audit log are removed');
    } catch (error) {
      this.#log.warn({ err: error }, 'old entries of the audit log could not be removed; tried again in an hour');
    }
    if (!this.#isEnded) this.#cancel = this.#clock.timer(PURGE_EVERY_MS, () => void this.#purge());
  }
}
