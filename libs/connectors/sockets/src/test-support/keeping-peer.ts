import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { framedText, frameReader } from '../framing/framing.ts';

const MESSAGE_BYTES_MAX = 1_048_576;

export interface Kept {
  readonly table: string;
  readonly op: string;
  readonly lsn: string | null;
  readonly row: Readonly<Record<string, unknown>>;
}

/** The other end of a sink: keeps messages and acknowledges them. */
export class KeepingPeer implements AsyncDisposable {
  readonly kept: Kept[] = [];
  readonly sockets = new Set<Socket>();
  /** It says nothing to what comes while this is set. */
  isSilent = false;
  connections = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((socket) => this.#attend(socket));
  }

  static async start(): Promise<KeepingPeer> {
    const peer = new KeepingPeer();
    await new Promise<void>((resolve) => peer.#server.listen(0, '127.0.0.1', resolve));
    return peer;
  }

  get config(): { readonly connect: string; readonly allow: readonly string[] } {
    return { connect: `127.0.0.1:${(this.#server.address() as AddressInfo).port}`, allow: ['127.0.0.1'] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  #attend(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket.on('error', () => {}));
    socket.once('close', () => this.sockets.delete(socket));
    let count = 0;
    const reader = frameReader('lines', MESSAGE_BYTES_MAX, (bytes) => {
      count += 1;
      if (this.isSilent) return;
      this.kept.push(JSON.parse(bytes.toString()) as Kept);
      socket.write(framedText('lines', `ACK ${count}`));
    });
    socket.on('data', (chunk) => reader.push(chunk));
  }
}
