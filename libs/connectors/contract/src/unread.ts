import {
  type ChangeBatch,
  type DerivedColumn,
  derivedSchema,
  encodeRows,
  recordOf,
  type TableSchema,
} from '@millrace/formats';
import { errorCode, MillraceError } from '@millrace/kernel';

const UnreadCut = errorCode('source.unread_cut', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Only the beginning of a message was kept',
  ofRecord: true,
});

/** Bytes that are kept of a message, or of each of its parts. */
const BYTES_MAX = 262_144;
const BASE64 = 'base64:';
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as a person can read them; what is not text (or could be taken for base64) is base64 behind `base64:`. */
export function bytesText(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    if (!text.includes('\0') && !text.startsWith(BASE64)) return text;
  } catch {
    // Not UTF-8.
  }
  return BASE64 + Buffer.from(bytes).toString('base64');
}

export const textBytes = (text: string): Buffer =>
  text.startsWith(BASE64) ? Buffer.from(text.slice(BASE64.length), 'base64') : Buffer.from(text);

/** Where it was and what it was. Bytes are kept up to a limit. */
export type UnreadParts = Readonly<Record<string, string | number | bigint | Uint8Array | null>>;

/**
 * Messages and lines that a source cannot read, as the events that its letters hold: of a table `unread.<stage>`, with where they were and their bytes as
 * text. Somebody may edit that text; then the source reads it again.
 */
export class UnreadEvents {
  readonly #schema: TableSchema;
  readonly #names: readonly string[];

  /** @param names of the parts, in the order in which they are shown */
  constructor(stage: string, names: readonly string[]) {
    this.#names = names;
    const text = (name: string): DerivedColumn => ({ name, kind: 'text', sqlType: 'text' });
    this.#schema = derivedSchema('unread', stage, [...names, 'cut'].map(text));
  }

  /** A batch of one, for `Refusals.refuse`. */
  batchOf(parts: UnreadParts, receivedMs: number): ChangeBatch {
    let cut: string | null = null;
    const row = this.#names.map((name) => {
      const part = parts[name] ?? null;
      if (!(part instanceof Uint8Array)) return [name, part === null ? null : String(part)];
      if (part.length > BYTES_MAX) cut = `${name} had ${part.length} bytes`;
      return [name, bytesText(part.subarray(0, BYTES_MAX))];
    });
    return encodeRows(this.#schema, [{ ...Object.fromEntries(row), cut }], { receivedMs });
  }

  /** The parts of one that came back. @throws MillraceError `source.unread_cut` */
  partsOf(batch: ChangeBatch, index: number): Readonly<Record<string, string | null>> {
    const { after } = recordOf(batch, index);
    if (typeof after!['cut'] === 'string') {
      throw new MillraceError(UnreadCut, {
        message: `only the first ${BYTES_MAX} bytes were kept: ${after!['cut']}`,
        mend: 'Edit the letter so that it is whole, and set "cut" to null (--set-null cut).',
      });
    }
    return after as Readonly<Record<string, string | null>>;
  }
}
