import { ANY, NONE, type ValueKind, widened } from './value-kind.ts';
import { type EncodedValues, ValuesCodec } from './values-codec.ts';

/** Values of one place of a stream (its rows, or one column), encoded. */
export interface PostedValues extends EncodedValues {
  readonly length: number;
  /** The kind of these values and of those that follow; absent when it is the one before. */
  readonly kind: ValueKind | undefined;
}

/** Fewer values are cloned: making and handing over buffers would take longer. */
const VALUES_MIN = 16;
/** Values looked at before code is generated, so that it is not generated again for the second of them. */
const SAMPLE_LENGTH = 16;
/** After values that have no common kind so many batches are cloned without looking. */
const BATCHES_UNTRIED = 15;
/** Kinds beyond which the generated code is forgotten: a stream that has a kind of its own for each batch must not fill the memory. */
const CODECS_MAX = 500;

const codecs = new Map<string, ValuesCodec>();

/** The codec of a kind, one for each on a thread. */
function codecOf(kind: ValueKind): ValuesCodec {
  const name = JSON.stringify(kind);
  let codec = codecs.get(name);
  if (codec === undefined) {
    if (codecs.size >= CODECS_MAX) codecs.clear();
    codec = new ValuesCodec(kind);
    codecs.set(name, codec);
  }
  return codec;
}

/** Encodes the values of one place of a stream. The kind is found out from the values, widened when another comes, and kept. */
export class ColumnEncoder {
  #codec: ValuesCodec | undefined;
  #isAnnounced = false;
  #untried = 0;

  /** `undefined`: these are left to structured clone. */
  encode(values: readonly unknown[]): PostedValues | undefined {
    if (values.length < VALUES_MIN) return undefined;
    if (this.#untried > 0) {
      this.#untried -= 1;
      return undefined;
    }
    this.#codec ??= this.#begin(values);
    for (;;) {
      const encoded = this.#codec.encode(values);
      if (typeof encoded !== 'number') return this.#posted(encoded, values.length);
      const kind = widened(this.#codec.kind, values[encoded]);
      const next = codecOf(kind);
      if (kind.type === 'any' || next === this.#codec) return this.#giveUp();
      this.#use(next);
    }
  }

  #begin(values: readonly unknown[]): ValuesCodec {
    const sample = values.slice(0, SAMPLE_LENGTH);
    return this.#use(codecOf(sample.reduce<ValueKind>((kind, value) => widened(kind, value), NONE)));
  }

  #use(codec: ValuesCodec): ValuesCodec {
    this.#codec = codec;
    this.#isAnnounced = false;
    return codec;
  }

  #posted(encoded: EncodedValues, length: number): PostedValues | undefined {
    const { kind } = this.#codec!;
    if (kind.type === ANY.type) return this.#giveUp();
    const posted = { ...encoded, length, kind: this.#isAnnounced ? undefined : kind };
    this.#isAnnounced = true;
    return posted;
  }

  #giveUp(): undefined {
    this.#codec = undefined;
    this.#untried = BATCHES_UNTRIED;
    return undefined;
  }
}

/** The other end. */
export class ColumnDecoder {
  #codec: ValuesCodec | undefined;

  decode(posted: PostedValues): unknown[] {
    if (posted.kind !== undefined) this.#codec = codecOf(posted.kind);
    return this.#codec!.decode(posted, posted.length);
  }
}
