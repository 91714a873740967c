const OP_BYTES = 1;
const LENGTH_BYTES = 4;
const FIRST_BYTES = 65_536;

/** A message that waits: its subject, the letter of the change and its body. */
export interface Waiting {
  readonly subject: string;
  readonly op: string;
  readonly body: Uint8Array;
}

/** Messages that wait together, as the bytes of one: op, length and text of the subject, length and bytes of the body, of each. */
export class Chunk {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;
  #count = 0;
  readonly #subjects = new Map<string, Uint8Array>();

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#length;
  }

  static sizeOf(subject: string, body: Uint8Array): number {
    return OP_BYTES + 2 * LENGTH_BYTES + Buffer.byteLength(subject) + body.byteLength;
  }

  add(op: number, subject: string, body: Uint8Array): void {
    let text = this.#subjects.get(subject);
    if (text === undefined) {
      text = Buffer.from(subject);
      this.#subjects.set(subject, text);
    }
    this.#reserve(OP_BYTES + 2 * LENGTH_BYTES + text.byteLength + body.byteLength);
    this.#bytes[this.#length] = op;
    this.#length += OP_BYTES;
    this.#put(text);
    this.#put(body);
    this.#count += 1;
  }

  /** What was added, and an empty chunk. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    this.#count = 0;
    this.#subjects.clear();
    return taken;
  }

  #put(part: Uint8Array): void {
    this.#length = this.#bytes.writeUInt32LE(part.byteLength, this.#length);
    this.#bytes.set(part, this.#length);
    this.#length += part.byteLength;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.byteLength * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** What `Chunk.take` gave, message by message. */
export function waitingIn(bytes: Uint8Array): Waiting[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Waiting[] = [];
  let at = 0;
  const part = (): Buffer => {
    const start = at + LENGTH_BYTES;
    at = start + buffer.readUInt32LE(at);
    return buffer.subarray(start, at);
  };
  while (at < buffer.byteLength) {
    const op = String.fromCharCode(buffer[at]!);
    at += OP_BYTES;
    found.push({ op, subject: part().toString(), body: part() });
  }
  return found;
}
