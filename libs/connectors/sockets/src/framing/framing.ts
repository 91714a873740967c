import { z } from 'zod';
import { LengthReader } from './length-reader.ts';
import { LineReader } from './line-reader.ts';

const LENGTH_BYTES = 4;
const LINE_FEED = Buffer.of(0x0a);

export const framingField = z.enum(['lines', 'length-prefixed']).default('lines').meta({
  description:
    'What ends a message. lines: a line feed (and a carriage return before it). length-prefixed: its length in bytes stands before it, as 4 bytes, the highest first.',
});

export type Framing = z.output<typeof framingField>;

/** @param length of the frame; more than `bytes` has when it is too long */
export type OnFrame = (bytes: Buffer, length: number) => void;

/** Cuts what comes into frames. */
export interface FrameReader {
  /** Something of a frame is there, and not its end. */
  readonly isInside: boolean;
  push(chunk: Buffer): void;
}

/** @param bytesMax of a frame; of a longer one no more than its beginning is given */
export const frameReader = (framing: Framing, bytesMax: number, onFrame: OnFrame): FrameReader =>
  framing === 'lines' ? new LineReader(bytesMax, onFrame) : new LengthReader(bytesMax, onFrame);

/** @param parts of the body, without line feeds in those of `lines` */
export function framed(framing: Framing, ...parts: readonly Uint8Array[]): Buffer {
  if (framing === 'lines') return Buffer.concat([...parts, LINE_FEED]);
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(parts.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([length, ...parts]);
}

export const framedText = (framing: Framing, text: string): Buffer => framed(framing, Buffer.from(text));
