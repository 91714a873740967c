import { connect, createServer, type Socket } from 'node:net';

/** Hands bytes on in order, each piece so long after it came. */
function relay(from: Socket, to: Socket, delayMs: number): void {
  from.on('data', (piece) => setTimeout(() => to.write(piece), delayMs));
  from.on('close', () => setTimeout(() => to.destroy(), delayMs));
  from.on('error', () => to.destroy());
}

/** A way to a server that takes `delayMs` in each direction, as if it were far away. */
export async function slowProxy(
  target: { readonly host: string; readonly port: number },
  delayMs: number,
): Promise<{ readonly host: string; readonly port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ ...target, noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    relay(near, far, delayMs);
    relay(far, near, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    host: '127.0.0.1',
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
