import type { Socket } from 'node:net';

/**
 * Collects what an encrypted socket gives in pieces (one TLS record each, often a single row) into chunks worth walking. The socket is
 * paused while a whole chunk waits to be taken.
 */
export class ChunkGatherer {
  readonly #socket: Socket;
  readonly #bytesMax: number;
  #filling: Buffer;
  #taken: Buffer;
  #filled = 0;

  constructor(socket: Socket, bytesMax: number) {
    this.#socket = socket;
    this.#bytesMax = bytesMax;
    this.#filling = Buffer.allocUnsafeSlow(bytesMax);
    this.#taken = Buffer.allocUnsafeSlow(bytesMax);
  }

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  /** Copies a piece. */
  add(piece: Buffer): void {
    const filled = this.#filled + piece.length;
    if (filled > this.#filling.length) {
      const larger = Buffer.allocUnsafeSlow(filled);
      this.#filling.copy(larger, 0, 0, this.#filled);
      this.#filling = larger;
    }
    piece.copy(this.#filling, this.#filled);
    this.#filled = filled;
    // A piece or two may still follow from what the socket holds.
    if (filled >= this.#bytesMax / 2) this.#socket.pause();
  }

  /** What has been gathered, valid until the next `take`; the socket is read on. */
  take(): Buffer {
    const chunk = this.#filling.subarray(0, this.#filled);
    [this.#filling, this.#taken] = [this.#taken, this.#filling];
    this.#filled = 0;
    this.#socket.resume();
    return chunk;
  }
}
