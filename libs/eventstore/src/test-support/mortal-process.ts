import type { Socket } from 'node:net';
import pg from 'pg';

/** What runs in one life: its connections, and whether it has ended. */
interface Life {
  readonly clients: Set<pg.Client>;
  isOver: boolean;
  statements: number;
}

type Call = (this: unknown, ...args: unknown[]) => unknown;
const DRIVER = pg.Client.prototype as unknown as { query: Call; connect: Call };

const socketOf = (client: pg.Client): Socket =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;

/**
 * Lets what runs in this process die as kill -9 would have it: at its n-th statement (which is with the server, or not) all its connections
 * are gone and nothing more is ever sent. Clients that are `spared` belong to the test.
 */
export class MortalProcess implements Disposable {
  readonly #originals = { query: DRIVER.query, connect: DRIVER.connect };
  readonly #spared = new Set<pg.Client>();
  #life: Life = { clients: new Set(), isOver: true, statements: 0 };
  #killAt = 0;
  #onDeath: () => void = () => {};

  constructor() {
    const { query, connect } = this.#originals;
    const connecting = (client: pg.Client, args: unknown[]): unknown => {
      if (!this.#spared.has(client)) {
        if (this.#life.isOver) return new Promise(() => {});
        this.#life.clients.add(client);
      }
      return connect.apply(client, args);
    };
    const querying = (client: pg.Client, args: unknown[]): unknown => {
      if (this.#spared.has(client)) return query.apply(client, args);
      const life = this.#life;
      if (life.isOver || !life.clients.has(client)) return new Promise(() => {});
      const answer = query.apply(client, args);
      life.statements += 1;
      if (life.statements === this.#killAt) setImmediate(() => this.#die(life));
      return answer;
    };
    DRIVER.connect = function connects(this: unknown, ...args) {
      return connecting(this as pg.Client, args);
    };
    DRIVER.query = function queries(this: unknown, ...args) {
      return querying(this as pg.Client, args);
    };
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
    Object.assign(DRIVER, this.#originals);
  }

  #die(life: Life): void {
    life.isOver = true;
    for (const client of life.clients) socketOf(client).destroy();
    this.#onDeath();
  }
}
