import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';

// #region receiver
/** Shows what it is sent, and acknowledges it when it has. */
export function startDisplay(show: (row: Record<string, unknown>) => void): Server {
  return createServer((socket) => {
    let count = 0;
    const lines = createInterface({ input: socket.on('error', () => {}) }).on('error', () => {});
    lines.on('line', (line) => {
      show((JSON.parse(line) as { row: Record<string, unknown> }).row);
      count += 1;
      socket.write(`ACK ${count}\n`);
    });
  }).listen(0, '127.0.0.1');
}
// #endregion
