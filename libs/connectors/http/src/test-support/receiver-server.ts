import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly lsn: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A receiver of webhooks of a test's own: keeps what it gets and answers as it is told, 204 by default. */
export class ReceiverServer implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  /** Of the requests that were answered with 2xx. */
  readonly events: ReceivedEvent[] = [];
  /** Requests under way now, and at most. */
  underWay = 0;
  underWayMax = 0;
  answer: (request: ReceivedRequest) => Reply | Promise<Reply> = () => ({ status: 204 });
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(port = 0): Promise<ReceiverServer> {
    const receiver = new ReceiverServer();
    await new Promise<void>((resolve) => receiver.#server.listen(port, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Options of a connection that leads here. */
  get config(): { readonly url: string; readonly allow: readonly string[] } {
    return { url: `http://127.0.0.1:${this.port}/hooks`, allow: ['127.0.0.1'] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    let body = '';
    // A sender that is killed breaks off in the middle.
    for await (const part of request.setEncoding('utf8').once('error', () => {})) body += part as string;
    const { method = '', url: path = '', headers } = request;
    const received = { method, path, headers, body };
    this.requests.push(received);
    const { status, headers: more = {}, body: text = '' } = await this.answer(received);
    if (status < 300) this.events.push(...([JSON.parse(body)].flat() as ReceivedEvent[]));
    this.underWay -= 1;
    response.writeHead(status, more).end(text);
  }
}
