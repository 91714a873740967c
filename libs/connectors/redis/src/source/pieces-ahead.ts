/** What was read and waits to be handed on. Who reads is held up while enough waits. */
export class PiecesAhead<Piece> {
  readonly #max: number;
  readonly #wake: () => void;
  readonly #pieces: Piece[] = [];
  #hasRoom: () => void = () => {};
  #isClosed = false;

  constructor(max: number, wake: () => void) {
    this.#max = max;
    this.#wake = wake;
  }

  get first(): Piece | undefined {
    return this.#pieces[0];
  }

  shift(): void {
    this.#pieces.shift();
    this.#hasRoom();
  }

  /** Resolves when fewer than the most wait; at once when it is closed. */
  async hold(piece: Piece): Promise<void> {
    this.#pieces.push(piece);
    this.#wake();
    while (this.#pieces.length >= this.#max && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#hasRoom = resolve;
      });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#hasRoom();
  }
}
