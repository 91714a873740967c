import { assert, MillraceError } from '@millrace/kernel';
import { ProtocolViolation } from '../errors.ts';

/** Type byte and length word of a message. */
const HEADER_BYTES = 5;

/** PostgreSQL allocates at most 1 GiB for a message; a longer one is not one. */
const FRAME_BYTES_MAX = 1_073_741_824;

/** A carry buffer that grew past this for one large row is given back. */
const CARRY_BYTES_KEPT = 1_048_576;

const int32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;

/**
 * Walks the backend messages (type byte, Int32 length that counts itself, body) in the chunks a socket delivers, where they lie:
 * only a message cut by the end of a chunk is copied, and completed from the next one.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * `feed` a chunk, call `next` until it gives `false`, feed the next chunk. The chunk must not change until then.
 */
export class FrameReader {
  /** Type byte of the current message. */
  type = 0;
  /** Where the current message's body lies; valid until the next call of `next` or `feed`. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #limit = 0;
  #carry: Buffer = Buffer.allocUnsafeSlow(8_192);
  #carried = 0;

  /** Everything fed has been walked; at most a part of a message is carried to the next chunk. */
  get isDrained(): boolean {
    return this.#at === this.#limit;
  }

  feed(chunk: Buffer, length = chunk.length): void {
    assert(this.isDrained, 'a chunk is walked before the next is fed');
    this.#chunk = chunk;
    this.#at = 0;
    this.#limit = length;
  }

  /**
   * Steps to the next complete message; `false` when more bytes are needed.
   * @throws MillraceError `postgres.protocol_violation` for an impossible length.
   */
  next(): boolean {
    if (this.#carried > 0) return this.#completeCarried();
    const chunk = this.#chunk;
    const at = this.#at;
    const left = this.#limit - at;
    if (left < HEADER_BYTES) return this.#carryRest();
    const end = at + 1 + this.#checked(int32(chunk, at + 1), chunk[at]!);
    if (end > this.#limit) return this.#carryRest();
    this.type = chunk[at]!;
    this.bytes = chunk;
    this.start = at + HEADER_BYTES;
    this.end = end;
    this.#at = end;
    return true;
  }

  #carryRest(): false {
    this.#take(this.#limit - this.#at);
    return false;
  }

  #completeCarried(): boolean {
    if (this.#carried < HEADER_BYTES && !this.#carryUpTo(HEADER_BYTES)) return false;
    const total = 1 + this.#checked(int32(this.#carry, 1), this.#carry[0]!);
    if (!this.#carryUpTo(total)) return false;
    this.type = this.#carry[0]!;
    this.bytes = this.#carry;
    this.start = HEADER_BYTES;
    this.end = total;
    this.#carried = 0;
    if (this.#carry.length > CARRY_BYTES_KEPT) this.#carry = Buffer.allocUnsafeSlow(8_192);
    return true;
  }

  /** Copies from the chunk until `total` bytes are carried; `false` when it has too few. */
  #carryUpTo(total: number): boolean {
    if (total > this.#carry.length) this.#grow(total);
    this.#take(Math.min(total - this.#carried, this.#limit - this.#at));
    return this.#carried === total;
  }

  #take(byteCount: number): void {
    if (this.#carried + byteCount > this.#carry.length) this.#grow(this.#carried + byteCount);
    this.#chunk.copy(this.#carry, this.#carried, this.#at, this.#at + byteCount);
    this.#carried += byteCount;
    this.#at += byteCount;
  }

  #grow(byteCount: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(byteCount, 2 * this.#carry.length));
    this.#carry.copy(larger, 0, 0, this.#carried);
    this.#carry = larger;
  }

  #checked(length: number, type: number): number {
    if (length >= 4 && length < FRAME_BYTES_MAX) return length;
    throw new MillraceError(ProtocolViolation, {
      message: `the server announced a message of type ${type} with ${length} bytes`,
      mend: 'Check that nothing between worker and server changes the traffic.',
      details: { type, length },
    });
  }
}
