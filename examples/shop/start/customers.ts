import type { SeededRandom } from '@millrace/testing';

const RETRY_MS = 100;
const LOOK_MS = 20;
const CENTS = 250;
export const SKUS = ['tea', 'coffee', 'cocoa', 'milk', 'honey'] as const;
/** Of each: enough for all orders but those that want more than there is. */
export const ON_HAND = 100_000;

/** What a customer has in mind. */
export type Intention = 'pay' | 'cancel' | 'cancel at once' | 'want too much';

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

/** What customers do, over HTTP. What gets no answer is sent again: services come and go here. */
export class Customers {
  readonly #orders: string;
  placed = 0;

  /** @param url of the orders service */
  constructor(url: string) {
    this.#orders = `${url}/orders`;
  }

  /** Orders one after the other until the signal. */
  async shop(name: string, random: SeededRandom, pauseMs: number, signal: AbortSignal): Promise<void> {
    for (let count = 1; !signal.aborted; count++) {
      const sku = SKUS[Math.floor(random.next() * SKUS.length)]!;
      await this.order(`${name}-${count}`, { customer: name, sku, intention: intentionOf(random.next()) });
      await pause(pauseMs);
    }
  }

  /** Resolves when the customer has done all that is up to him. */
  async order(
    id: string,
    { customer, sku, intention }: { readonly customer: string; readonly sku: string; readonly intention: Intention },
  ): Promise<void> {
    const quantity = intention === 'want too much' ? ON_HAND + 1 : 1 + (id.length % 5);
    await this.#send('PUT', id, { customer, sku, quantity, cents: quantity * CENTS });
    this.placed += 1;
    if (intention === 'cancel at once') {
      await this.#send('POST', `${id}/cancel`);
      return;
    }
    // The list may show the order a moment before the service itself knows: then the command is refused once more.
    while ((await this.#decided(id)) === 'reserved') {
      if (await this.#send('POST', `${id}/${intention}`)) return;
    }
  }

  /** The status when it is not `placed` any more. */
  async #decided(id: string): Promise<string> {
    for (;;) {
      const { status = 'placed' } = await this.#look(id).catch(() => ({ status: 'placed' }));
      if (status !== 'placed') return status;
      await pause(LOOK_MS);
    }
  }

  /** Nothing for a moment after the order was placed: the list follows the events. */
  async #look(id: string): Promise<{ readonly status?: string }> {
    const response = await fetch(`${this.#orders}/${id}`);
    return response.ok ? ((await response.json()) as { readonly status: string }) : {};
  }

  /** Whether it is done; not, when it was refused. */
  async #send(method: string, path: string, body?: object): Promise<boolean> {
    for (;;) {
      const response = await fetch(`${this.#orders}/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }).catch(() => undefined);
      if (response?.ok === true) return true;
      if (response?.status === 409) return false;
      if (response !== undefined && response.status < 500)
        throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      await pause(RETRY_MS);
    }
  }
}

function intentionOf(share: number): Intention {
  if (share < 0.1) return 'want too much';
  if (share < 0.2) return 'cancel at once';
  return share < 0.3 ? 'cancel' : 'pay';
}
