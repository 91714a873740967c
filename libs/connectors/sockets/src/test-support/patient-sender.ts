import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { framedText, frameReader } from '../framing/framing.ts';

const AGAIN_MS = 15;
const ANSWER_BYTES_MAX = 1_024;

/** A sender as the guide wants it: keeps what was not acknowledged, and goes on behind the number that it is told when it connects again. */
export class PatientSender implements AsyncDisposable {
  /** Messages that are never lost any more. */
  acknowledged = 0;
  readonly #port: number;
  readonly #name: string;
  readonly #messages: string[] = [];
  #sent = 0;
  #socket: Socket | undefined;
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(port: number, name = 'sender-1') {
    this.#port = port;
    this.#name = name;
    this.#running = this.#run();
  }

  send(ids: readonly number[]): void {
    for (const id of ids) this.#messages.push(JSON.stringify({ id, note: 'x' }));
    this.#go();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#socket?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#connection();
      await pause(AGAIN_MS);
    }
  }

  #connection(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    let isGreeted = false;
    const reader = frameReader('lines', ANSWER_BYTES_MAX, (bytes) => {
      const held = Number(/^ACK (\d+)$/.exec(bytes.toString())![1]);
      // An execution that is older than the one which acknowledged more: not the one to talk to.
      if (held < this.acknowledged) return void socket.destroy();
      this.acknowledged = held;
      if (isGreeted) return;
      isGreeted = true;
      this.#sent = held;
      this.#socket = socket;
      this.#go();
    });
    socket.on('error', () => {}).on('data', (chunk) => reader.push(chunk));
    socket.once('connect', () => socket.write(framedText('lines', `STREAM ${this.#name}`)));
    return new Promise((resolve) =>
      socket.once('close', () => {
        if (this.#socket === socket) this.#socket = undefined;
        resolve();
      }),
    );
  }

  #go(): void {
    if (this.#socket === undefined) return;
    const due = this.#messages.slice(this.#sent);
    this.#sent = this.#messages.length;
    if (due.length > 0) this.#socket.write(due.map((message) => `${message}\n`).join(''));
  }
}
