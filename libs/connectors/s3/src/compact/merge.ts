import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type DeclaredRow, derivedSchema, encodeRows, type TableSchema } from '@millrace/formats';
import {
  type Compression,
  Compressor,
  type ContentFormat,
  containerBlock,
  containerHeader,
  contentFormat,
  syncMarker,
} from '@millrace/formats/content';
import { AvroContainer, contentRows, parquetColumnNames } from '@millrace/formats/rows';
import type { Bucket } from '../bucket/bucket.ts';
import type { S3Stage } from '../config.ts';
import { CONTENT_CODES } from '../errors.ts';
import { objectContent } from '../source/object-content.ts';
import type { LiveObject } from './choose.ts';

const GONE = 'it is gone, or another than was written';

/** An object cannot become part of another: it is gone, or not like the others. */
export class NotMergeable extends Error {
  readonly key: string;

  constructor(key: string, reason: string) {
    super(reason);
    this.key = key;
  }
}

export interface MergeOptions {
  readonly bucket: Bucket;
  readonly inputs: readonly LiveObject[];
  /** Of the object that comes out. */
  readonly key: string;
  readonly stage: S3Stage;
  /** Resolves when there is room for more. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}

/** Writes what several objects of one shape hold as one, in their order. @throws NotMergeable */
export async function merge(options: MergeOptions): Promise<void> {
  // By their names: the stage may have written another format before.
  const { key } = options.inputs[0]!;
  if (key.endsWith('.parquet')) await mergeParquet(options);
  else if (key.endsWith('.avro')) await mergeAvro(options);
  else await mergeLines(options, /\.csv[^/]*$/.test(key));
}

async function open(bucket: Bucket, { key, bytes }: LiveObject): Promise<Readable> {
  const size = await bucket.size(key);
  const body = size === bytes ? await bucket.open({ key }) : undefined;
  if (body === undefined) throw new NotMergeable(key, GONE);
  return body;
}

function decompressed(key: string, body: Readable): AsyncIterable<Uint8Array> {
  if (key.endsWith('.gz')) return pipeline(body, createGunzip(), () => {});
  return key.endsWith('.zst') ? pipeline(body, createZstdDecompress(), () => {}) : body;
}

const compressionOf = (key: string): Compression =>
  key.endsWith('.gz') ? 'gzip' : key.endsWith('.zst') ? 'zstd' : 'none';

async function mergeLines({ bucket, inputs, write }: MergeOptions, hasHeader: boolean): Promise<void> {
  const compression = compressionOf(inputs[0]!.key);
  let ready: Uint8Array[] = [];
  const compressor = compression === 'none' ? undefined : new Compressor(compression, (bytes) => ready.push(bytes));
  const flush = async (): Promise<void> => {
    const bytes = ready;
    ready = [];
    for (const piece of bytes) await write(piece);
  };
  const put = async (bytes: Uint8Array): Promise<void> => {
    if (compressor === undefined) await write(Uint8Array.from(bytes));
    else await compressor.write(bytes);
    await flush();
  };
  let firstHeader: Uint8Array | undefined;
  try {
    for (const input of inputs) {
      const body = await open(bucket, input);
      try {
        const lines = decompressed(input.key, body)[Symbol.asyncIterator]();
        if (hasHeader) {
          const { header, rest } = await splitHeader(lines);
          if (firstHeader === undefined) await put(header);
          firstHeader ??= header;
          if (!Buffer.from(firstHeader).equals(header)) throw new NotMergeable(input.key, 'it has another header');
          await put(rest);
        }
        for (let next = await lines.next(); next.done !== true; next = await lines.next()) await put(next.value);
      } finally {
        body.destroy();
      }
    }
    await compressor?.end();
    await flush();
  } finally {
    compressor?.destroy();
  }
}

/** The first line of CSV, with its line feed, and what came with it. */
async function splitHeader(chunks: AsyncIterator<Uint8Array>): Promise<{ header: Uint8Array; rest: Uint8Array }> {
  let text = Buffer.alloc(0);
  let isQuoted = false;
  let at = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    text = Buffer.concat([text, next.value]);
    for (; at < text.length; at++) {
      if (text[at] === 0x22) isQuoted = !isQuoted;
      else if (text[at] === 0x0a && !isQuoted) return { header: text.subarray(0, at + 1), rest: text.subarray(at + 1) };
    }
  }
  return { header: text, rest: text.subarray(text.length) };
}

async function mergeAvro({ bucket, inputs, key, write }: MergeOptions): Promise<void> {
  const sync = syncMarker(key);
  let header: string | undefined;
  for (const input of inputs) {
    const body = await open(bucket, input);
    try {
      const container = await AvroContainer.open(body);
      const text = JSON.stringify([...container.metadata]);
      if (header === undefined) await write(containerHeader(Object.fromEntries(container.metadata), sync));
      header ??= text;
      if (header !== text) throw new NotMergeable(input.key, 'it has another schema or codec');
      for await (const { records, data } of container.blocks()) await write(containerBlock(records, data, sync));
    } finally {
      body.destroy();
    }
  }
}

async function mergeParquet({ bucket, inputs, key, stage, write }: MergeOptions): Promise<void> {
  const schemaOf = async (input: LiveObject): Promise<TableSchema> => {
    if ((await bucket.size(input.key)) !== input.bytes) throw new NotMergeable(input.key, GONE);
    return parquetTable(input, await parquetColumnNames(objectContent(bucket, input)));
  };
  const schema = await schemaOf(inputs[0]!);
  // Metadata are columns like others here.
  const format = await contentFormat({
    stage: { ...stage, format: 'parquet', metadata: false },
    codes: CONTENT_CODES,
    jobName: '',
  });
  const content = new Written(format, key, schema);
  try {
    for (const input of inputs) {
      if (JSON.stringify((await schemaOf(input)).columns) !== JSON.stringify(schema.columns))
        throw new NotMergeable(input.key, 'it has other columns');
      const at = objectContent(bucket, { key: input.key });
      for await (const rows of contentRows({ at, format: 'parquet', schema, skip: 0 })) {
        const batch = encodeRows(schema, rows as readonly DeclaredRow[], { receivedMs: 0 });
        for (let at = 0; at < batch.length; ) {
          at = content.content.append(batch, at, batch.length);
          await content.drain(write);
        }
      }
    }
    await content.content.finish();
    await content.drain(write);
  } finally {
    content.content.discard();
  }
}

/** Parquet being written: what comes out waits for `drain`. */
class Written {
  readonly content;
  #ready: Uint8Array[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(format: ContentFormat, key: string, schema: TableSchema) {
    this.content = format.create({
      key,
      schema,
      store: (bytes) => this.#ready.push(bytes),
      onProgress() {},
      onFailure: (error) => {
        this.#failure ??= { error };
      },
    });
  }

  async drain(write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const bytes = this.#ready;
    this.#ready = [];
    for (const piece of bytes) await write(piece);
  }
}

/** The columns of a Parquet file of the sink. @param names those it has */
function parquetTable({ key, table: { table, columns } }: LiveObject, names: readonly string[]): TableSchema {
  // No column is a key here: of a deleted row it may be all that is known.
  const plain = columns.map(({ name, kind, sqlType }) => ({ name, kind, sqlType }));
  const all = [...METADATA, ...plain];
  const found = all.filter(({ name }) => names.includes(name));
  if (found.map(({ name }) => name).join('\n') !== names.join('\n'))
    throw new NotMergeable(key, 'it has other columns');
  return derivedSchema('', table, found);
}

const METADATA = [
  { name: '__op', kind: 'text', sqlType: 'text' },
  { name: '__table', kind: 'text', sqlType: 'text' },
  { name: '__lsn', kind: 'text', sqlType: 'text' },
  { name: '__index', kind: 'integer', sqlType: 'integer' },
  { name: '__commit_time', kind: 'timestamptz', sqlType: 'timestamp with time zone' },
  { name: '__unchanged', kind: 'text', sqlType: 'text' },
] as const;
