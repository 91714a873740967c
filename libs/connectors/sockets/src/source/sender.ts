/** What its messages come over. */
interface Connection {
  /** More is held. */
  tell(): void;
  /** It has another one. */
  leave(): void;
}

/** Who sends messages: a connection, or, where messages are acknowledged, all connections under one name. Its messages are numbered from 1. */
export class Sender {
  readonly name: string;
  /** The newest that has come. */
  taken: number;
  /** The newest that was handed on. */
  handed: number;
  /** The newest that a committed snapshot holds. */
  held: number;
  connection: Connection | undefined;

  constructor(name: string, held = 0) {
    this.name = name;
    this.taken = held;
    this.handed = held;
    this.held = held;
  }
}
