import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { HandedOn, Listener } from '@millrace/connector-subscription';

/**
 * Hands changes on as server-sent events: `assigned`, `revoked`, `lost`, `schema` and `changes`, whose data is an array of `[partition, number, shape, change]`;
 * a comment now and then says that the stream lives. https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream implements Listener {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  assigned(lease: object): void {
    this.#send('assigned', JSON.stringify(lease));
  }

  revoked(partition: number): void {
    this.#send('revoked', JSON.stringify({ partition }));
  }

  lost(partition: number): void {
    this.#send('lost', JSON.stringify({ partition }));
  }

  schema(id: string, json: string): void {
    this.#send('schema', `{"id":"${id}","schema":${json}}`);
  }

  changes(changes: readonly HandedOn[]): void {
    const all = changes.map(({ partition, number, schema, json }) => `[${partition},${number},"${schema}",${json}]`);
    this.#send('changes', `[${all.join(',')}]`);
  }

  beat(): void {
    this.#response.write(':\n\n');
  }

  failed(problem: object): void {
    this.#send('failed', JSON.stringify(problem));
  }

  async drained(): Promise<void> {
    if (!this.#response.writableNeedDrain || this.#response.destroyed) return;
    const end = new AbortController();
    const closed = once(this.#response, 'close', { signal: end.signal });
    try {
      await Promise.race([once(this.#response, 'drain', { signal: end.signal }), closed]);
    } finally {
      closed.catch(() => {});
      end.abort();
    }
  }

  #send(event: string, data: string): void {
    this.#response.write(`event: ${event}\ndata: ${data}\n\n`);
  }
}
