import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import type { Compression } from './record-batch.ts';

const gzipped = promisify(gzip);
const zstded = promisify(zstdCompress);

/** By the name of the option. gzip and zstd work on other threads; snappy and lz4 take about a millisecond a batch on this one. */
export const COMPRESSIONS: Readonly<Record<'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd', Compression>> = {
  none: { code: 0, compress: undefined },
  gzip: { code: 1, compress: (records) => gzipped(records) },
  snappy: { code: 2, compress: (records) => compressionsAlgorithms.snappy.compressSync(records) },
  lz4: { code: 3, compress: (records) => compressionsAlgorithms.lz4.compressSync(records) },
  zstd: { code: 4, compress: (records) => zstded(records) },
};
