import { promisify } from 'node:util';
import { gzip, gzipSync, zstdCompress, zstdCompressSync } from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import { compressFrame, compressFrameSync } from 'lz4-napi';
import type { Compression } from './record-batch.ts';

const gzipped = promisify(gzip);
const zstded = promisify(zstdCompress);

const snappy = (records: Buffer): Buffer => compressionsAlgorithms.snappy.compressSync(records);

/** By the name of the option. They work on other threads, except snappy, which takes about a millisecond a batch on this one. */
export const COMPRESSIONS: Readonly<Record<'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd', Compression>> = {
  none: { code: 0, compress: undefined, compressNow: (records) => records },
  gzip: { code: 1, compress: (records) => gzipped(records), compressNow: (records) => gzipSync(records) },
  snappy: { code: 2, compress: snappy, compressNow: snappy },
  lz4: { code: 3, compress: (records) => compressFrame(records), compressNow: (records) => compressFrameSync(records) },
  zstd: { code: 4, compress: (records) => zstded(records), compressNow: (records) => zstdCompressSync(records) },
};
