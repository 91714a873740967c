import { createGzip, createZstdCompress, type Gzip, type ZstdCompress } from 'node:zlib';

export type Compression = 'none' | 'gzip' | 'zstd';

/** File name extension after the format's own. */
export const COMPRESSION_EXTENSION: Readonly<Record<Compression, string>> = { none: '', gzip: '.gz', zstd: '.zst' };

/** About what zlib and zstd (level 3, input of unknown length) hold for one open stream. */
export const COMPRESSOR_BYTES: Readonly<Record<Compression, number>> = {
  none: 0,
  gzip: 327_680,
  zstd: 4_194_304,
};

/** One compressed stream: what is written comes out, smaller and later, at `onOutput`. Works on libuv's threads. */
export class Compressor {
  readonly #stream: Gzip | ZstdCompress;
  readonly #ended: Promise<void>;

  constructor(compression: Exclude<Compression, 'none'>, onOutput: (chunk: Uint8Array) => void) {
    this.#stream = compression === 'gzip' ? createGzip() : createZstdCompress();
    this.#stream.on('data', onOutput);
    this.#ended = new Promise((resolve, reject) => {
      this.#stream.once('end', resolve);
      this.#stream.once('error', reject);
    });
    // A failure is reported by whoever writes or ends.
    this.#ended.catch(() => {});
  }

  /** Resolves when the bytes have been taken in; they must not change before. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Resolves when everything has come out. */
  end(): Promise<void> {
    this.#stream.end();
    return this.#ended;
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
