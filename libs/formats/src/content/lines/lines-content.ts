import { type ChangeBatch } from '../../change/change-batch.ts';
import { ByteOutput } from '../../json/byte-output.ts';
import type { FormatOptions } from '../content-format.ts';
import type { ContentFormat, ContentOptions, ObjectContent } from '../object-content.ts';
import { Turns } from '../turns.ts';
import { COMPRESSION_EXTENSION, COMPRESSOR_BYTES, type Compression, Compressor } from './compressor.ts';
import { LINES_BYTES, type LineFormat, lineFormat } from './line-format.ts';

/** Room for the lines of a new object; it grows with them, so that many small ones stay small. */
const START_BYTES = 2_048;

/** Objects whose compression is finished at the same time: many small ones must not have a compressor each. */
const FINISHING_MAX = 4;

interface Shared {
  readonly lines: LineFormat;
  readonly compression: Compression;
  readonly finishing: Turns;
}

export function linesFormat(options: FormatOptions): ContentFormat {
  const { compression } = options.stage;
  const lines = lineFormat(options);
  const shared: Shared = { lines, compression, finishing: new Turns(FINISHING_MAX) };
  return {
    extension: lines.extension + COMPRESSION_EXTENSION[compression],
    create: (options) => new LinesContent(shared, options),
    refusal: lines.refusal,
  };
}

/** Lines, gathered in blocks and compressed in the background. */
class LinesContent implements ObjectContent {
  readonly #shared: Shared;
  readonly #options: ContentOptions;
  /** Lines that are not yet a block. */
  readonly #block = new ByteOutput(START_BYTES);
  /** Only once there is a block to compress. */
  #compressor: Compressor | undefined;
  /** Blocks being compressed. */
  #compressing = 0;
  /** Compression of everything so far. */
  #tail: Promise<void> = Promise.resolve();

  constructor(shared: Shared, options: ContentOptions) {
    this.#shared = shared;
    this.#options = options;
    shared.lines.header(options.schema);
    this.#takeLines();
  }

  get heldBytes(): number {
    const compressor = this.#compressor === undefined ? 0 : COMPRESSOR_BYTES[this.#shared.compression];
    return this.#block.buffer.length + this.#compressing + compressor;
  }

  append(batch: ChangeBatch, from: number, to: number): number {
    const reached = this.#shared.lines.write(batch, from, to);
    this.#takeLines();
    if (this.#block.length >= LINES_BYTES) this.#flush();
    return reached;
  }

  async finish(): Promise<void> {
    if (this.#shared.compression === 'none') this.#flush();
    else await this.#shared.finishing.run(() => this.#finishCompression());
  }

  discard(): void {
    this.#compressor?.destroy();
  }

  #takeLines(): void {
    const { lines } = this.#shared;
    this.#block.put(lines.bytes);
    lines.clear();
  }

  #flush(): void {
    if (this.#block.length === 0) return;
    const block = this.#block.take();
    const { compression } = this.#shared;
    if (compression === 'none') {
      this.#options.store(block);
      return;
    }
    this.#compressor ??= new Compressor(compression, this.#options.store);
    const compressor = this.#compressor;
    this.#compressing += block.buffer.byteLength;
    this.#tail = this.#tail.then(async () => {
      await compressor.write(block);
      this.#compressing -= block.buffer.byteLength;
      this.#options.onProgress();
    });
    this.#tail.catch(this.#options.onFailure);
  }

  async #finishCompression(): Promise<void> {
    this.#flush();
    await this.#tail;
    await this.#compressor?.end();
    this.#compressor = undefined;
  }
}
