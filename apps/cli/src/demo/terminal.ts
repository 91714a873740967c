/** Writes to the terminal: one line that is rewritten in place where it can be, and normal lines above it. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  #hasLive = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  print(line: string): void {
    this.#clear();
    this.#out.write(`${line}\n`);
  }

  /** Replaces the live line; without a terminal it is a line like any other. */
  live(line: string): void {
    if (!this.#out.isTTY) {
      this.#out.write(`${line}\n`);
      return;
    }
    this.#clear();
    const width = this.#out.columns;
    this.#out.write(width > 0 ? line.slice(0, width - 1) : line);
    this.#hasLive = true;
  }

  #clear(): void {
    if (this.#hasLive) this.#out.write('\r\x1b[2K');
    this.#hasLive = false;
  }
}
