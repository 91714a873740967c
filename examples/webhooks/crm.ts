import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

interface OrderEvent {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly id: number; readonly country: string; readonly total: string };
}

/** A service that is told of orders: checks the signature, and does the work of each event once. Ids and effects belong into one transaction of its database; here both are in memory. */
// #region receiver
export function startCrm(secret: string, port: number, work: (event: OrderEvent) => void): Server {
  const webhook = new Webhook(secret);
  const seen = new Set<string>();
  const statusOf = (body: string, headers: IncomingHttpHeaders): number => {
    let event: OrderEvent;
    try {
      event = webhook.verify(body, headers as Record<string, string>) as OrderEvent;
    } catch {
      return 401;
    }
    if (!seen.has(event.id)) work(event);
    seen.add(event.id);
    return 204;
  };
  return createServer((request, response) => {
    void text(request).then((body) => response.writeHead(statusOf(body, request.headers)).end());
  }).listen(port, '127.0.0.1');
}
// #endregion
