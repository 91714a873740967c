import { describe, expect, it } from '@jest/globals';
import { type ServerSentEvent, serverSentEvents } from './server-sent-events.ts';

async function eventsOf(body: ReadableStream<Uint8Array>): Promise<readonly ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of serverSentEvents(body)) events.push(event);
  return events;
}

async function read(...chunks: readonly string[]): Promise<readonly ServerSentEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  return eventsOf(body);
}

describe('server-sent events', () => {
  const text =
    ': hello\n\nevent: changes\nid: 7\ndata: [1,\ndata: 2]\n\ndata:x\r\n\r\nretry: 3\rdata\r\rdata: no end\n';
  const events = [
    { event: '', data: '', id: undefined },
    { event: 'changes', data: '[1,\n2]', id: '7' },
    { event: 'message', data: 'x', id: '7' },
    { event: 'message', data: '', id: '7' },
  ];

  it('are read as the standard says', async () => {
    expect(await read(text)).toEqual(events);
  });

  it('are read the same however they are cut', async () => {
    for (let size = 1; size < 9; size++)
      expect(await read(...(text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []))).toEqual(events);
  });

  it('keep characters whole that are cut in the middle', async () => {
    const bytes = new TextEncoder().encode('data: Grüße 👋\n\n');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    expect(await eventsOf(body)).toEqual([{ event: 'message', data: 'Grüße 👋', id: undefined }]);
  });
});
