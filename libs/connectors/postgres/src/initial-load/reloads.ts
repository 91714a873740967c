import type { ReloadRequest } from '@millrace/connector-contract';
import type { ReloadProgress } from './contract.ts';

/**
 * Requests to load tables again. Those that the state knows have been begun already: the tables' own state tells how far they are. What a snapshot
 * keeps are the ids of the requests given, so there are never more of them than are open.
 */
export class Reloads {
  /** For the state. */
  readonly ids: readonly string[];
  readonly #requests: readonly ReloadRequest[];
  readonly #begun = new Set<string>();

  constructor(requests: readonly ReloadRequest[], known: readonly string[]) {
    this.#requests = requests;
    this.ids = requests.map(({ id }) => id);
    for (const { id, tables } of requests) {
      if (known.includes(id)) continue;
      for (const table of tables) this.#begun.add(table);
    }
  }

  /** A request that the state does not know wants this table. */
  begins(table: string): boolean {
    return this.#begun.has(table);
  }

  /** How far each request is. A table that has lost its key since cannot be loaded again. */
  progress(isLoading: (table: string) => boolean, hasKey: (table: string) => boolean): readonly ReloadProgress[] {
    return this.#requests.map(({ id, tables }) => {
      if (tables.some(isLoading)) return { id, state: 'loading' };
      return { id, state: tables.every(hasKey) ? 'done' : 'refused' };
    });
  }
}
