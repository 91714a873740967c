import { promisify } from 'node:util';
import { deflateRaw, zstdCompress } from 'node:zlib';
import { isRecordError } from '@millrace/kernel';
import { AvroRowWriter } from '../../avro/avro-row-writer.ts';
import { type ChangeBatch } from '../../change/change-batch.ts';
import { ByteOutput } from '../../json/byte-output.ts';
import { eventMetadata } from '../../json/row-json.ts';
import type { ContentStage } from '../content-format.ts';
import type { ContentFormat, ContentOptions, ObjectContent } from '../object-content.ts';
import { Turns } from '../turns.ts';
import { containerBlock, containerHeader, syncMarker } from './container.ts';

/** Records of a block before compression; splitting readers take a block each. */
const BLOCK_BYTES = 262_144;
const START_BYTES = 2_048;

/** Blocks compressed at the same time: zstd takes megabytes for each. */
const COMPRESSING_MAX = 2;

const CODEC = { none: 'null', gzip: 'deflate', zstd: 'zstandard' } as const;
const COMPRESS = {
  none: async (bytes: Uint8Array): Promise<Uint8Array> => bytes,
  gzip: (bytes: Uint8Array): Promise<Uint8Array> => promisify(deflateRaw)(bytes),
  zstd: (bytes: Uint8Array): Promise<Uint8Array> => promisify(zstdCompress)(bytes, { pledgedSrcSize: bytes.length }),
};

interface Shared {
  readonly compression: ContentStage['compression'];
  readonly hasMetadata: boolean;
  /** Records written since they were taken; one for all objects of a writer. */
  readonly records: ByteOutput;
  readonly writer: AvroRowWriter;
  readonly turns: Turns;
}

export function avroFormat({ compression, metadata }: Pick<ContentStage, 'compression' | 'metadata'>): ContentFormat {
  const records = new ByteOutput(BLOCK_BYTES);
  const shared: Shared = {
    compression,
    hasMetadata: metadata,
    records,
    writer: new AvroRowWriter(records, { metadata, numeric: 'decimal', arrays: 'string' }),
    turns: new Turns(COMPRESSING_MAX),
  };
  return {
    extension: 'avro',
    create: (options) => new AvroContent(shared, options),
    refusal: (batch, index) => {
      records.clear();
      try {
        shared.writer.row(batch, index, metadata ? eventMetadata(batch, index) : undefined);
        return undefined;
      } catch (error) {
        if (!isRecordError(error)) throw error;
        return error;
      }
    },
  };
}

/** An Avro object container file: records are gathered in blocks, and these compressed on libuv's threads. */
class AvroContent implements ObjectContent {
  readonly #shared: Shared;
  readonly #options: ContentOptions;
  readonly #sync: Uint8Array;
  readonly #block = new ByteOutput(START_BYTES);
  #blockRecords = 0;
  #compressing = 0;
  /** Everything so far is compressed and given away. */
  #tail: Promise<void> = Promise.resolve();
  #isDiscarded = false;
  #hasHeader = false;

  constructor(shared: Shared, options: ContentOptions) {
    this.#shared = shared;
    this.#options = options;
    this.#sync = syncMarker(options.key);
  }

  get heldBytes(): number {
    return this.#block.buffer.length + this.#compressing;
  }

  append(batch: ChangeBatch, from: number, to: number): number {
    const { records, writer, hasMetadata } = this.#shared;
    records.clear();
    let index = from;
    for (; index < to && this.#block.length + records.length < BLOCK_BYTES; index++)
      writer.row(batch, index, hasMetadata ? eventMetadata(batch, index) : undefined);
    this.#block.put(records.bytes);
    this.#blockRecords += index - from;
    if (this.#block.length >= BLOCK_BYTES) this.#flush();
    return index;
  }

  async finish(): Promise<void> {
    this.#flush();
    await this.#tail;
  }

  discard(): void {
    this.#isDiscarded = true;
  }

  #flush(): void {
    if (this.#blockRecords === 0) return;
    const { compression, turns } = this.#shared;
    const block = this.#block.take();
    const count = this.#blockRecords;
    this.#blockRecords = 0;
    const held = block.buffer.byteLength;
    this.#compressing += held;
    const compressed = turns.run(() => COMPRESS[compression](block));
    const before = this.#tail;
    this.#tail = (async () => {
      const data = await compressed;
      await before;
      this.#compressing -= held;
      if (!this.#isDiscarded) this.#store(containerBlock(count, data, this.#sync));
      this.#options.onProgress();
    })();
    this.#tail.catch(this.#options.onFailure);
  }
  #store(block: Uint8Array): void {
    const { schema, store } = this.#options;
    if (!this.#hasHeader) {
      const { writer, compression } = this.#shared;
      const metadata = { 'avro.schema': JSON.stringify(writer.rowSchema(schema)), 'avro.codec': CODEC[compression] };
      store(containerHeader(metadata, this.#sync));
      this.#hasHeader = true;
    }
    store(block);
  }
}
