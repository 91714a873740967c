import type { Outbox } from '@millrace/engine';
import { type ChangeBatch, type DeclaredRow, encodeRows, NotAValue, type TableSchema } from '@millrace/formats';
import { isRecordError, type MillraceError } from '@millrace/kernel';
import type { Refusals } from '../refusals.ts';
import { UnreadEvents, type UnreadParts } from '../unread.ts';

export interface MessageReaderOptions<Message> {
  readonly schema: TableSchema;
  /** @throws NotAValue */
  readonly rowOf: (message: Message) => DeclaredRow;
  /** The error of a message that is no row. */
  readonly refused: (message: Message, reason: string) => MillraceError;
  /** Absent: the first such message fails the job. */
  readonly refusals: Refusals | undefined;
  /** How a letter holds a message: where it was, and its bytes. */
  readonly letter: {
    readonly stage: string;
    /** Names of the parts, in the order in which they are shown. */
    readonly names: readonly string[];
    readonly partsOf: (message: Message) => UnreadParts;
    /** The message of a letter that came back, perhaps edited. */
    readonly messageOf: (parts: Readonly<Record<string, string | null>>) => Message;
  };
}

/** What is made of some messages. */
export interface MessagesRead<Message> {
  /** Absent: none is a row. */
  readonly batch: ChangeBatch | undefined;
  /** Those that are no rows, to be set aside when what follows them is handed on: one snapshot has both. */
  readonly unread: ReadonlyMap<Message, MillraceError>;
}

/** Rows of what a source reads one by one (messages, jobs). It sets those aside that are no rows, and reads them again when they come back. */
export class MessageReader<Message> {
  readonly #options: MessageReaderOptions<Message>;
  readonly #events: UnreadEvents;
  /** What came back last, and what was made of it. */
  #again: { readonly given: ChangeBatch; readonly batch: ChangeBatch | undefined } | undefined;

  constructor(options: MessageReaderOptions<Message>) {
    this.#options = options;
    this.#events = new UnreadEvents(options.letter.stage, options.letter.names);
  }

  /** @throws what `refused` makes of the first message that is no row, where none are set aside */
  read(messages: readonly Message[], receivedMs: number): MessagesRead<Message> {
    const unread = new Map<Message, MillraceError>();
    const rows: DeclaredRow[] = [];
    for (const message of messages) {
      const row = this.#rowOf(message, (error) => {
        if (this.#options.refusals === undefined) throw error;
        unread.set(message, error);
      });
      if (row !== undefined) rows.push(row);
    }
    return { batch: this.#batchOf(rows, receivedMs), unread };
  }

  setAside(message: Message, error: MillraceError, receivedMs: number): void {
    const { refusals, letter } = this.#options;
    refusals!.refuse(this.#events.batchOf(letter.partsOf(message), receivedMs), 0, error);
  }

  /** A source's `process`: what came back goes on as rows, or is set aside again. */
  handOn(given: ChangeBatch, outbox: Outbox, receivedMs: number): boolean {
    if (this.#again?.given !== given) this.#again = { given, batch: this.#readAgain(given, receivedMs) };
    const { batch } = this.#again;
    if (batch !== undefined && !outbox.offer(batch)) return false;
    this.#again = undefined;
    return true;
  }

  #readAgain(given: ChangeBatch, receivedMs: number): ChangeBatch | undefined {
    const { refusals, letter } = this.#options;
    const rows: DeclaredRow[] = [];
    for (let index = 0; index < given.length; index++) {
      const refuse = (error: MillraceError): void => void refusals!.refuse(given, index, error);
      try {
        const row = this.#rowOf(letter.messageOf(this.#events.partsOf(given, index)), refuse);
        if (row !== undefined) rows.push(row);
      } catch (error) {
        if (!isRecordError(error)) throw error;
        refuse(error);
      }
    }
    return this.#batchOf(rows, receivedMs);
  }

  #rowOf(message: Message, refuse: (error: MillraceError) => void): DeclaredRow | undefined {
    const { rowOf, refused } = this.#options;
    try {
      return rowOf(message);
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      refuse(refused(message, error.message));
      return undefined;
    }
  }

  #batchOf(rows: readonly DeclaredRow[], receivedMs: number): ChangeBatch | undefined {
    return rows.length === 0 ? undefined : encodeRows(this.#options.schema, rows, { receivedMs });
  }
}
