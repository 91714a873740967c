import { promisify } from 'node:util';
import { inflateRaw, zstdDecompress } from 'node:zlib';
import { AvroReader } from '../../avro/avro-reader.ts';
import { DeclaredAvroRows } from '../../avro/declared-avro-rows.ts';
import { type TableSchema } from '../../change/table-schema.ts';
import { NotAValue } from '../../declared/column-text.ts';
import { type DeclaredRow } from '../../declared/declared-row.ts';
import { AvroContainer, BLOCK_BYTES_MAX } from './avro-container.ts';

const DECOMPRESS: Readonly<Record<string, (bytes: Uint8Array) => Promise<Buffer>>> = {
  null: async (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  deflate: (bytes) => promisify(inflateRaw)(bytes, { maxOutputLength: BLOCK_BYTES_MAX }),
  zstandard: (bytes) => promisify(zstdDecompress)(bytes, { maxOutputLength: BLOCK_BYTES_MAX }),
};

/**
 * The rows of an Avro object container file, a block at a time. A declared column without a field is null.
 * @param counted how many rows were read so far
 * @throws NotAValue, MillraceError `formats.avro_schema_invalid`
 */
export async function* avroRows(
  bytes: AsyncIterable<Uint8Array>,
  { columns }: TableSchema,
  counted: { rows: number },
): AsyncGenerator<readonly DeclaredRow[]> {
  const container = await AvroContainer.open(bytes);
  const codec = container.metadata.get('avro.codec') ?? 'null';
  const decompress = DECOMPRESS[codec];
  if (decompress === undefined) throw new NotAValue(`it is compressed as ${codec}`);
  const rows = new DeclaredAvroRows(new AvroReader(container.metadata.get('avro.schema') ?? ''), columns);
  for await (const { records, data } of container.blocks())
    yield* rowsOf(rows, await decompress(data), records, counted);
}

/** Records that are handed on at once. */
const ROWS_AT_ONCE = 1_024;

function* rowsOf(
  rows: DeclaredAvroRows,
  block: Buffer,
  count: number,
  counted: { rows: number },
): Generator<readonly DeclaredRow[]> {
  let at = 0;
  let some: DeclaredRow[] = [];
  for (let index = 0; index < count; index++) {
    const { row, end } = rows.rowAt(block, at);
    at = end;
    counted.rows += 1;
    some.push(row);
    if (some.length < ROWS_AT_ONCE) continue;
    yield some;
    some = [];
  }
  if (at !== block.length) throw new NotAValue('it is damaged (a block is longer than its records)');
  yield some;
}
