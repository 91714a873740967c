import { type Lsn, TupleCursor } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { ProtocolViolation } from '../errors.ts';
import type { Relation, RelationCache } from './relation-cache.ts';
import { fieldsDiffer, fillUnchanged, hasUnchanged } from './tuple-edit.ts';

/** Messages that mean something to a source; the tag of the protocol, or `None` for what needs no action. */
export const Message = {
  None: 0,
  Begin: 0x42,
  Commit: 0x43,
  Relation: 0x52,
  Insert: 0x49,
  Update: 0x55,
  Delete: 0x44,
  Truncate: 0x54,
} as const;

const ORIGIN = 0x4f; // 'O'
const TYPE = 0x59; // 'Y'
const LOGICAL_MESSAGE = 0x4d; // 'M'
/** Of a message: it belongs to the transaction around it. */
const TRANSACTIONAL = 1;
/** Of a tuple with one text field: how many fields, `t`, length. */
const TUPLE_HEADER_BYTES = 7;
const TEXT_FIELD = 0x74; // 't'
const OLD_ROW = 0x4f; // 'O': the whole old row (identity full)
const OLD_KEY = 0x4b; // 'K': the old row's identity columns

/** Microseconds from 1970 to 2000, where PostgreSQL's time begins. */
const POSTGRES_EPOCH_US = 946_684_800_000_000n;

/**
 * Reads pgoutput messages of protocol version 1 by walking bytes: tuples are found, not decoded. One instance is reused for every
 * message; its fields say what the last `read` found and are valid until the next.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export class PgoutputDecoder {
  /** Of Begin: LSN of the commit record, commit time in microseconds since 1970, transaction id (32 bits). */
  commitLsn = 0n as Lsn;
  commitTimeUs = 0n;
  xid = 0;
  /** Of Commit: where the commit record ends. */
  endLsn = 0n as Lsn;
  /** Of Relation, Insert, Update, Delete. */
  relation!: Relation;
  /** Of Truncate: the tables in the server's order. */
  truncated: readonly Relation[] = [];
  /** The message's bytes; the old tuple lies here. */
  bytes: Buffer = Buffer.alloc(0);
  /** Old tuple; `oldStart` is -1 when none was sent. */
  oldStart = -1;
  oldEnd = -1;
  /** New tuple, in `newBytes` (a copy where unchanged fields were filled in); `newStart` is -1 when there is none. */
  newBytes: Buffer = this.bytes;
  newStart = -1;
  newEnd = -1;
  /** Of Update: the key changed. */
  keyChanged = false;
  readonly #relations: RelationCache;
  readonly #old = new TupleCursor();
  readonly #new = new TupleCursor();

  readonly #messages: ReadonlyMap<string, Relation>;

  /** @param messages tables of the prefixes whose messages are read as inserts */
  constructor(relations: RelationCache, messages: ReadonlyMap<string, Relation> = new Map()) {
    this.#relations = relations;
    this.#messages = messages;
  }

  /**
   * Reads the message in `bytes` from `start` to `end` and returns which one it is.
   * @throws MillraceError `postgres.protocol_violation` for messages version 1 does not have.
   */
  read(bytes: Buffer, start: number, end: number): number {
    const tag = bytes[start]!;
    switch (tag) {
      case Message.Insert:
        this.#row(bytes, start);
        this.oldStart = -1;
        this.#setNew(bytes, start + 6, end);
        return tag;
      case Message.Update:
        this.#row(bytes, start);
        this.#update(bytes, start + 5, end);
        return tag;
      case Message.Delete:
        this.#row(bytes, start);
        this.oldStart = start + 6;
        this.oldEnd = end;
        this.newStart = -1;
        return tag;
      case Message.Begin:
        this.commitLsn = bytes.readBigUInt64BE(start + 1) as Lsn;
        this.commitTimeUs = bytes.readBigInt64BE(start + 9) + POSTGRES_EPOCH_US;
        this.xid = bytes.readUInt32BE(start + 17);
        return tag;
      case Message.Commit:
        this.endLsn = bytes.readBigUInt64BE(start + 10) as Lsn;
        return tag;
      case Message.Truncate:
        this.#truncate(bytes, start + 1);
        return tag;
      case Message.Relation:
        this.relation = this.#relations.addRelation(bytes, start + 1);
        return tag;
      case TYPE:
        this.#relations.addType(bytes, start + 1);
        return Message.None;
      case LOGICAL_MESSAGE:
        return this.#message(bytes, start + 1);
      case ORIGIN:
        return Message.None;
      default:
        throw new MillraceError(ProtocolViolation, {
          message: `pgoutput sent a message of type ${tag}, which its protocol version 1 does not have`,
          mend: 'Report this with the version of the server.',
        });
    }
  }

  /** A message of a prefix that is a table is an insert; others, and those that no rollback takes back, are nothing. */
  #message(bytes: Buffer, at: number): number {
    if (this.#messages.size === 0 || (bytes[at]! & TRANSACTIONAL) === 0) return Message.None;
    const prefixEnd = bytes.indexOf(0, at + 9);
    const relation = this.#messages.get(bytes.toString('utf8', at + 9, prefixEnd));
    if (relation === undefined) return Message.None;
    const length = bytes.readUInt32BE(prefixEnd + 1);
    const tuple = Buffer.allocUnsafe(TUPLE_HEADER_BYTES + length);
    tuple.writeUInt16BE(1, 0);
    tuple[2] = TEXT_FIELD;
    tuple.writeUInt32BE(length, 3);
    bytes.copy(tuple, TUPLE_HEADER_BYTES, prefixEnd + 5, prefixEnd + 5 + length);
    this.bytes = bytes;
    this.keyChanged = false;
    this.relation = relation;
    this.oldStart = -1;
    this.#setNew(tuple, 0, tuple.length);
    return Message.Insert;
  }

  #row(bytes: Buffer, start: number): void {
    this.bytes = bytes;
    this.keyChanged = false;
    this.relation = this.#relations.get(bytes.readUInt32BE(start + 1));
  }

  #setNew(bytes: Buffer, start: number, end: number): void {
    this.newBytes = bytes;
    this.newStart = start;
    this.newEnd = end;
  }

  #update(bytes: Buffer, at: number, end: number): void {
    const tag = bytes[at]!;
    if (tag !== OLD_ROW && tag !== OLD_KEY) {
      this.oldStart = -1;
      this.#setNew(bytes, at + 1, end);
      return;
    }
    const before = this.#old;
    const after = this.#new;
    this.oldStart = at + 1;
    before.read(bytes, this.oldStart);
    this.oldEnd = before.end;
    after.read(bytes, before.end + 1);
    // 'K' also comes with an unchanged key when a key value is TOASTed, so the values decide.
    this.keyChanged = fieldsDiffer(bytes, before, after, this.relation.keyFields);
    if (hasUnchanged(after)) {
      const filled = fillUnchanged(bytes, before, after);
      this.#setNew(filled, 0, filled.length);
    } else {
      this.#setNew(bytes, before.end + 1, end);
    }
  }

  #truncate(bytes: Buffer, at: number): void {
    const count = bytes.readUInt32BE(at);
    // One byte of options (cascade, restart identity) is skipped: every truncated table is listed.
    this.truncated = Array.from({ length: count }, (_, index) =>
      this.#relations.get(bytes.readUInt32BE(at + 5 + 4 * index)),
    );
  }
}
