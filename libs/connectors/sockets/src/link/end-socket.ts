import type { Socket } from 'node:net';

/** Ends a connection that has nothing under way, and breaks one that has: nobody waits for the other end. */
export function endSocket(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (socket.writableLength === 0) socket.destroySoon();
  else socket.destroy();
  return closed;
}
