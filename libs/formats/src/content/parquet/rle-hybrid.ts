import { type ByteOutput } from '../../json/byte-output.ts';

/** A run of the same value from so many on is written as one. */
const RUN_MIN = 8;

/**
 * Small numbers as runs and as packed groups of eight, as levels, dictionary indexes and booleans are stored.
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/#run-length-encoding--bit-packing-hybrid-rle--3
 */
export function putRleHybrid(output: ByteOutput, values: ArrayLike<number>, count: number, bitWidth: number): void {
  let packedFrom = 0;
  for (let at = 0; at < count; ) {
    let end = at + 1;
    while (end < count && values[end] === values[at]) end++;
    // Packed groups hold eight values each, so a run can begin only where a group ends.
    const skipped = (RUN_MIN - ((at - packedFrom) % RUN_MIN)) % RUN_MIN;
    if (end - at - skipped < RUN_MIN) {
      at = end;
      continue;
    }
    putPacked(output, values, packedFrom, at + skipped, bitWidth);
    putRun(output, values[at]!, end - at - skipped, bitWidth);
    at = end;
    packedFrom = end;
  }
  putPacked(output, values, packedFrom, count, bitWidth);
}

function putVarint(output: ByteOutput, value: number): void {
  output.reserve(5);
  let rest = value;
  for (; rest > 127; rest >>>= 7) output.buffer[output.length++] = (rest & 127) | 128;
  output.buffer[output.length++] = rest;
}

function putRun(output: ByteOutput, value: number, count: number, bitWidth: number): void {
  putVarint(output, count * 2);
  output.reserve(4);
  for (let shift = 0; shift < bitWidth; shift += 8) output.buffer[output.length++] = value >>> shift;
}

function putPacked(output: ByteOutput, values: ArrayLike<number>, from: number, to: number, bitWidth: number): void {
  if (to === from) return;
  const groups = Math.ceil((to - from) / 8);
  putVarint(output, groups * 2 + 1);
  output.reserve(groups * bitWidth);
  const { buffer } = output;
  const end = output.length + groups * bitWidth;
  let bits = 0;
  let bitCount = 0;
  for (let at = from; at < to; at++) {
    bits |= values[at]! << bitCount;
    bitCount += bitWidth;
    for (; bitCount >= 8; bitCount -= 8, bits >>>= 8) buffer[output.length++] = bits;
  }
  if (bitCount > 0) buffer[output.length++] = bits;
  buffer.fill(0, output.length, end);
  output.length = end;
}
