import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request on its way to the registry. */
export interface PassingRequest {
  readonly method: string;
  /** As `/subjects/t-value/versions`. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** What becomes of a request: passed on; refused with this status; passed on, and its answer never given back. */
export type Passage = 'pass' | 'swallow' | number;

/** Stands before a registry and lets requests pass, or not. */
export class RegistryProxy implements AsyncDisposable {
  readonly seen: string[] = [];
  readonly #server: Server;
  #swallowed = (): void => {};
  /** Resolves when an answer has been swallowed. */
  readonly swallowed = new Promise<void>((resolve) => {
    this.#swallowed = resolve;
  });

  private constructor(target: string, passageOf: (request: PassingRequest) => Passage) {
    this.#server = createServer((request, response) => {
      void this.#handle(target, passageOf, request, response);
    });
  }

  static async start(target: string, passageOf: (request: PassingRequest) => Passage): Promise<RegistryProxy> {
    const proxy = new RegistryProxy(target, passageOf);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #handle(
    target: string,
    passageOf: (request: PassingRequest) => Passage,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    this.seen.push(`${method} ${url}`);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const passage = passageOf({ method, path: url, headers });
    if (typeof passage === 'number') {
      response.writeHead(passage).end('{}');
      return;
    }
    const answer = await fetch(`${target}${url}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: Buffer.concat(parts) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (passage === 'swallow') this.#swallowed();
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}
