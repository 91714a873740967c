import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const AGAIN_MS = 50;

// #region sender
/** Sends readings, keeps what was not acknowledged, and goes on behind the number that it is told when it connects again. */
export class Meter {
  /** Readings behind `acknowledged`, in order. */
  readonly #kept: string[] = [];
  acknowledged = 0;
  #socket: Socket | undefined;
  #isOver = false;

  constructor(
    readonly name: string,
    readonly port: number,
  ) {
    this.#connect();
  }

  send(reading: object): void {
    const line = `${JSON.stringify(reading)}\n`;
    this.#kept.push(line);
    this.#socket?.write(line);
  }

  close(): void {
    this.#isOver = true;
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = connect(this.port, '127.0.0.1', () => socket.write(`STREAM ${this.name}\n`));
    const answers = createInterface({ input: socket }).on('error', () => {});
    answers.on('line', (line) => this.#answered(socket, Number(/^ACK (\d+)$/.exec(line)?.[1])));
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#socket = undefined;
      if (!this.#isOver) setTimeout(() => this.#connect(), AGAIN_MS);
    });
  }

  #answered(socket: Socket, held: number): void {
    // Less than before: an execution that has been replaced. Nobody else answers like that.
    if (!(held >= this.acknowledged)) {
      socket.destroy();
      return;
    }
    this.#kept.splice(0, held - this.acknowledged);
    this.acknowledged = held;
    if (this.#socket === socket) return;
    this.#socket = socket;
    for (const kept of this.#kept) socket.write(kept);
  }
}
// #endregion
