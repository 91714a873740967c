const OP_BYTES = 1;
const LENGTH_BYTES = 4;
const FIRST_BYTES = 65_536;

/** A message that waits: where it goes, the letter of its change and its body. */
export interface WaitingMessage {
  readonly address: string;
  readonly op: string;
  readonly body: Uint8Array;
}

/** Messages that wait together, as the bytes of one: op, length and text of the address, length and bytes of the body, of each. */
export class MessageChunk {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;
  #count = 0;
  readonly #addresses = new Map<string, Uint8Array>();

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#length;
  }

  static sizeOf(address: string, body: Uint8Array): number {
    return OP_BYTES + 2 * LENGTH_BYTES + Buffer.byteLength(address) + body.byteLength;
  }

  add(op: number, address: string, body: Uint8Array): void {
    let text = this.#addresses.get(address);
    if (text === undefined) {
      text = Buffer.from(address);
      this.#addresses.set(address, text);
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
    this.#addresses.clear();
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

/** What `MessageChunk.take` gave, message by message. */
export function messagesOfChunk(bytes: Uint8Array): WaitingMessage[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: WaitingMessage[] = [];
  let at = 0;
  const part = (): Buffer => {
    const start = at + LENGTH_BYTES;
    at = start + buffer.readUInt32LE(at);
    return buffer.subarray(start, at);
  };
  while (at < buffer.byteLength) {
    const op = String.fromCharCode(buffer[at]!);
    at += OP_BYTES;
    found.push({ op, address: part().toString(), body: part() });
  }
  return found;
}
