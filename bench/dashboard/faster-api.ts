import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FasterApi extends AsyncDisposable {
  readonly url: string;
  /** Events of its own that it has sent. */
  readonly sent: number;
}

/**
 * The api, but for one stream of events: after what the api sends first, it sends events of its own at a pace that the api does not have
 * (the api reads figures once a second).
 */
export async function fasterApi(
  apiUrl: string,
  path: string,
  everyMs: number,
  nextEvent: (tick: number) => { readonly event: string; readonly data: unknown },
): Promise<FasterApi> {
  let sent = 0;
  const server = createServer((incoming, outgoing) => {
    const from = request(new URL(incoming.url!, apiUrl), { method: incoming.method!, headers: incoming.headers });
    const answered = (answer: IncomingMessage): void => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      if (incoming.url === path) sendFaster(answer, outgoing);
      else answer.pipe(outgoing);
    };
    from.on('response', answered);
    from.on('error', () => outgoing.destroy());
    outgoing.on('close', () => from.destroy());
    incoming.pipe(from);
  });

  function sendFaster(answer: IncomingMessage, outgoing: ServerResponse): void {
    answer.once('data', (first: Buffer) => {
      outgoing.write(first);
      answer.resume();
      const timer = setInterval(() => {
        const { event, data } = nextEvent(++sent);
        outgoing.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      }, everyMs);
      outgoing.on('close', () => clearInterval(timer));
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return sent;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
