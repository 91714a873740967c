import type { Position } from '@millrace/formats';
import { Commands } from './commands.ts';

/** Events of one script: so many that a call is worth it, so few that the server serves others in between (about 2 ms). */
const PIECE_EVENTS_MAX = 1_000;
const PIECE_LENGTH_MAX = 524_288;
/** Characters that wait for the server; with more nothing is taken. */
const PENDING_LENGTH_MAX = 4_194_304;

/** Events that are written by one script. */
export interface Piece {
  readonly commands: Commands;
  readonly isStaged: boolean;
  events: number;
  position: Position | undefined;
}

/** What waits to be sent, cut into pieces. */
export class Pieces {
  #pieces: Piece[] = [];
  #length = 0;

  get isFull(): boolean {
    return this.#length >= PENDING_LENGTH_MAX;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  add(position: Position | undefined, isStaged: boolean, write: (commands: Commands) => void): void {
    let piece = this.#pieces.at(-1);
    const isFull =
      piece === undefined ||
      piece.isStaged !== isStaged ||
      piece.events >= PIECE_EVENTS_MAX ||
      piece.commands.length >= PIECE_LENGTH_MAX;
    if (isFull) {
      piece = { commands: new Commands(), isStaged, events: 0, position: undefined };
      this.#pieces.push(piece);
    }
    const before = piece!.commands.length;
    write(piece!.commands);
    this.#length += piece!.commands.length - before;
    piece!.events += 1;
    piece!.position = position ?? piece!.position;
  }

  take(): Piece | undefined {
    const piece = this.#pieces.shift();
    if (piece !== undefined) this.#length -= piece.commands.length;
    return piece;
  }
}
