import { promisify } from 'node:util';
import { gzip, gzipSync, zstdCompress, zstdCompressSync } from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import type { Compression } from './record-batch.ts';

const gzipped = promisify(gzip);
const zstded = promisify(zstdCompress);

const snappy = (records: Buffer): Buffer => compressionsAlgorithms.snappy.compressSync(records);
const lz4 = (records: Buffer): Buffer => compressionsAlgorithms.lz4.compressSync(records);

/** By the name of the option. gzip and zstd work on other threads; snappy and lz4 take about a millisecond a batch on this one. */
export const COMPRESSIONS: Readonly<Record<'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd', Compression>> = {
  none: { code: 0, compress: undefined, compressNow: (records) => records },
  gzip: { code: 1, compress: (records) => gzipped(records), compressNow: (records) => gzipSync(records) },
  snappy: { code: 2, compress: snappy, compressNow: snappy },
  lz4: { code: 3, compress: lz4, compressNow: lz4 },
  zstd: { code: 4, compress: (records) => zstded(records), compressNow: (records) => zstdCompressSync(records) },
};
