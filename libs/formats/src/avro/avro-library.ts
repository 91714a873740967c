import avsc from 'avsc';

/** Rounds nothing: numbers where they are exact, BigInt beyond; BigInt when read. */
const exactLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(0),
  toBuffer(value: number | bigint) {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/**
 * A schema as a type of the library. Logical types are left to us: the library gives what lies below them.
 * @param longs `exact`: without rounding. `number`: the library's own, five times as fast, which refuse what JavaScript would round
 * @throws Error when it is no schema
 */
export function libraryType(schema: unknown, wrapUnions: 'never' | 'always', longs: 'exact' | 'number'): avsc.Type {
  return avsc.Type.forSchema(
    schema as avsc.Schema,
    {
      wrapUnions,
      omitRecordMethods: true,
      registry: {},
      typeHook: (part: unknown) => (longs === 'exact' && nameOf(part) === 'long' ? exactLong : undefined),
    } as never,
  );
}

const nameOf = (part: unknown): unknown =>
  typeof part === 'object' && part !== null ? (part as { readonly type?: unknown }).type : part;
