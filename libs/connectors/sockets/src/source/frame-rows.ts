import { type DeclaredRow, declaredRowOfJson, NotAValue, type TableSchema } from '@millrace/formats';
import { MillraceError, parseSizeBytes } from '@millrace/kernel';
import { FrameRefused, FrameTooLong } from '../errors.ts';
import type { SourceStage } from './source-stage.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Said below.
  }
  throw new NotAValue('it is not text in UTF-8');
}

/** Rows of messages. */
export class FrameRows {
  readonly #format: SourceStage['format'];
  readonly #frame: string;
  readonly #schema: TableSchema;

  constructor({ format, frame }: Pick<SourceStage, 'format' | 'frame'>, schema: TableSchema) {
    this.#format = format;
    this.#frame = frame;
    this.#schema = schema;
  }

  /**
   * @param from who sent it, for the message of an error
   * @param number of it among those of the sender, from 1
   * @param length of it; more than it has bytes when it was too long
   * @returns `undefined` of a line with nothing in it, where rows are objects
   * @throws MillraceError `sockets.frame_refused`, `sockets.frame_too_long`
   */
  row(from: string, number: number, bytes: Buffer, length: number): DeclaredRow | undefined {
    if (length > parseSizeBytes(this.#frame)!)
      throw new MillraceError(FrameTooLong, {
        message: `message ${number} of ${from} has ${length} bytes; ${this.#frame} are taken (frame)`,
        mend: 'Raise frame, correct the sender or framing, or give the stage onError to go on without such messages.',
        details: { from, number, length },
      });
    try {
      return this.#read(bytes);
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      throw new MillraceError(FrameRefused, {
        message: `message ${number} of ${from} is no row: ${error.message}`,
        mend: 'Correct the sender, or columns and format of the stage; or give it onError to go on without such messages.',
        details: { from, number },
      });
    }
  }

  #read(bytes: Buffer): DeclaredRow | undefined {
    const [column] = this.#schema.columns;
    if (this.#format === 'bytes') return { [column!.name]: `\\x${bytes.toString('hex')}` };
    const text = textOf(bytes);
    if (this.#format === 'text') return { [column!.name]: text };
    return text.trim() === '' ? undefined : declaredRowOfJson(this.#schema.columns, text);
  }
}
