import { describe, expect, it } from '@jest/globals';
import { type Framing, framed, frameReader } from './framing.ts';

const TEXTS = ['one', '', 'zwei äöü', 'x'.repeat(16)];

/** Frames of what comes in pieces of this many bytes. */
function read(framing: Framing, bytes: Buffer, piece: number, bytesMax = 16) {
  const frames: (readonly [text: string, length: number])[] = [];
  const reader = frameReader(framing, bytesMax, (frame, length) => frames.push([frame.toString(), length]));
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  return { frames, isInside: reader.isInside };
}

const whole = (texts: readonly string[]) => texts.map((text) => [text, Buffer.byteLength(text)]);

describe.each(['lines', 'length-prefixed'] as const)('messages as %s', (framing) => {
  const bytes = Buffer.concat(TEXTS.map((text) => framed(framing, Buffer.from(text))));

  it('are the same wherever what comes is cut', () => {
    for (let piece = 1; piece <= bytes.length; piece++)
      expect(read(framing, bytes, piece)).toEqual({ frames: whole(TEXTS), isInside: false });
  });

  it('are not there before their end', () => {
    const { frames, isInside } = read(framing, bytes.subarray(0, -1), 3);
    expect([frames, isInside]).toEqual([whole(TEXTS.slice(0, -1)), true]);
  });

  it('are told of with their length when they are too long, and those after them are read', () => {
    const long = ['a', 'y'.repeat(50), 'b'];
    const given = Buffer.concat(long.map((text) => framed(framing, Buffer.from(text))));
    const beginning = framing === 'lines' ? 'y'.repeat(16) : '';
    for (let piece = 1; piece <= given.length; piece++) {
      expect(read(framing, given, piece).frames).toEqual([
        ['a', 1],
        [beginning, 50],
        ['b', 1],
      ]);
    }
  });
});

it('a carriage return before a line feed is no part of a line, and a line with it is not too long', () => {
  const given = Buffer.from(`a\r\n\r\n${'x'.repeat(16)}\r\nb\rc\n`);
  for (let piece = 1; piece <= given.length; piece++)
    expect(read('lines', given, piece).frames).toEqual(whole(['a', '', 'x'.repeat(16), 'b\rc']));
});
