import type { Socket } from 'node:net';
import pg from 'pg';

/** What runs in one life: its connections, and whether it has ended. */
interface Life {
  readonly clients: Set<pg.Client>;
  isOver: boolean;
  statements: number;
}

const socketOf = (client: pg.Client): Socket =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;

/**
 * Lets what runs in this process die as kill -9 would have it: at its n-th statement (which is with the server, or not) all its connections
 * are gone and nothing more is ever sent. Clients that are `spared` belong to the test.
 */
export class MortalProcess implements Disposable {
  readonly #originals = { query: pg.Client.prototype.query, connect: pg.Client.prototype.connect };
  readonly #spared = new Set<pg.Client>();
  #life: Life = { clients: new Set(), isOver: true, statements: 0 };
  #killAt = 0;
  #onDeath: () => void = () => {};

  constructor() {
    const { query, connect } = this.#originals;
    const mortal = this;
    type Call = (...args: unknown[]) => unknown;
    pg.Client.prototype.connect = function connecting(this: pg.Client, ...args: unknown[]) {
      if (!mortal.#spared.has(this)) {
        if (mortal.#life.isOver) return new Promise(() => {});
        mortal.#life.clients.add(this);
      }
      return (connect as Call).apply(this, args);
    } as typeof connect;
    pg.Client.prototype.query = function querying(this: pg.Client, ...args: unknown[]) {
      if (mortal.#spared.has(this)) return (query as Call).apply(this, args);
      const life = mortal.#life;
      if (life.isOver || !life.clients.has(this)) return new Promise(() => {});
      const answer = (query as Call).apply(this, args);
      life.statements += 1;
      if (life.statements === mortal.#killAt) setImmediate(() => mortal.#die(life));
      return answer;
    } as typeof query;
  }

  spare(client: pg.Client): pg.Client {
    this.#spared.add(client);
    return client;
  }

  /** Begins a life that ends at statement `killAt`; resolves when it has. */
  begin(killAt: number): Promise<void> {
    this.#killAt = killAt;
    this.#life = { clients: new Set(), isOver: false, statements: 0 };
    return new Promise((resolve) => {
      this.#onDeath = resolve;
    });
  }

  /** Lets the driver be as it was. */
  [Symbol.dispose](): void {
    Object.assign(pg.Client.prototype, this.#originals);
  }

  #die(life: Life): void {
    life.isOver = true;
    for (const client of life.clients) socketOf(client).destroy();
    this.#onDeath();
  }
}
