import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { frameReader } from '../framing/framing.ts';

const ANSWER_BYTES_MAX = 65_536;

/** A connection of a test to a port, and what it was told. */
export class Speaker implements AsyncDisposable {
  readonly socket: Socket;
  readonly answers: string[] = [];
  readonly ended: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = frameReader('lines', ANSWER_BYTES_MAX, (bytes) => this.answers.push(bytes.toString()));
    socket.on('error', () => {}).on('data', (chunk) => reader.push(chunk));
    // Its own side stays open until then, as that of a sender who waits for answers.
    socket.once('end', () => socket.end());
    this.ended = new Promise((resolve) => socket.once('close', resolve));
  }

  static async to(port: number): Promise<Speaker> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new Speaker(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.ended;
  }
}
