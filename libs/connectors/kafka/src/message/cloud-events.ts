import { createHash } from 'node:crypto';
import { type ChangeBatch, eventMetadata, type TableSchema } from '@millrace/formats';
import type { SinkStage } from '../config.ts';
import { CLOUD_EVENT_DEFAULTS } from './format-options.ts';
import type { Header } from './headers.ts';
import { DebeziumEnvelopes, JsonRows } from './json-part.ts';
import type { PartWriter } from './part-writer.ts';

const VERSION = '1.0';
const DATA_TYPE = 'application/json';
const STRUCTURED_TYPE = 'application/cloudevents+json; charset=UTF-8';
const HASH_CHARACTERS = 32;
const CLOSE_BRACE = Buffer.from('}');

const OP_NAMES: Readonly<Record<string, string>> = {
  r: 'read',
  c: 'created',
  u: 'updated',
  d: 'deleted',
  t: 'truncated',
};

export interface CloudEvent {
  readonly headers: readonly Header[];
  readonly value: Uint8Array;
}

interface Names {
  readonly source: string;
  readonly typeOf: (op: string) => string;
}

/**
 * Events as CloudEvents 1.0 for Kafka, in structured or binary mode. The id is the position in the source, so an event that is written again has it again; of rows without a
 * position (an initial load's, computed ones) it is a hash of table, key and data.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export class CloudEvents {
  readonly #options: NonNullable<SinkStage['cloudEvents']>;
  readonly #jobName: string;
  readonly #data: PartWriter;
  readonly #names = new WeakMap<TableSchema, Names>();

  constructor(stage: SinkStage, jobName: string) {
    this.#options = stage.cloudEvents ?? CLOUD_EVENT_DEFAULTS;
    this.#jobName = jobName;
    this.#data = this.#options.data === 'row' ? new JsonRows('known') : new DebeziumEnvelopes(stage, jobName);
  }

  /** @param key of the message, as text */
  event(batch: ChangeBatch, index: number, key: string | undefined): CloudEvent {
    const data = this.#data.write(batch, index)!;
    const attributes = this.#attributes(batch, index, key, data);
    if (this.#options.mode === 'binary') {
      const headers = attributes.map(([name, value]): Header => [`ce_${name}`, value]);
      return { headers: [...headers, ['content-type', DATA_TYPE]], value: data };
    }
    const members = Object.fromEntries([...attributes, ['datacontenttype', DATA_TYPE]]);
    const head = Buffer.from(`${JSON.stringify(members).slice(0, -1)},"data":`);
    return { headers: [['content-type', STRUCTURED_TYPE]], value: Buffer.concat([head, data, CLOSE_BRACE]) };
  }

  #attributes(batch: ChangeBatch, index: number, key: string | undefined, data: Uint8Array): Header[] {
    const table = batch.schemas[batch.schemaOf[index]!]!;
    const { __op, __lsn, __index, __commit_time } = eventMetadata(batch, index);
    const { source, typeOf } = this.#namesOf(table);
    const id = __lsn === null ? hashOf(table.id, __op, key, data) : `${__lsn}/${__index}`;
    const attributes: Header[] = [
      ['specversion', VERSION],
      ['id', id],
      ['source', source],
      ['type', typeOf(OP_NAMES[__op]!)],
    ];
    if (key !== undefined) attributes.push(['subject', subjectOf(key)], ['partitionkey', key]);
    // Of rows without a position when they were read: readers of the official library fail without a time.
    attributes.push(['time', __commit_time ?? new Date(batch.receivedMs).toISOString()]);
    return attributes;
  }

  #namesOf(table: TableSchema): Names {
    let names = this.#names.get(table);
    if (names === undefined) {
      const { schema, table: name } = table;
      const { source, type } = this.#options;
      const filled = (template: string, encode: (text: string) => string): string =>
        template
          .replaceAll('{job}', () => encode(this.#jobName))
          .replaceAll('{schema}', () => encode(schema))
          .replaceAll('{table}', () => encode(name));
      const typed = filled(type, (text) => text);
      // A URI reference.
      names = { source: filled(source, encodeURIComponent), typeOf: (op) => typed.replaceAll('{op}', op) };
      this.#names.set(table, names);
    }
    return names;
  }
}

/** Values of the key, with slashes between; a key that is no JSON object is taken as it is. */
function subjectOf(key: string): string {
  if (!key.startsWith('{')) return key;
  const values = Object.values(JSON.parse(key) as Readonly<Record<string, unknown>>);
  return values.map((value) => encodeURIComponent(String(value))).join('/');
}

function hashOf(...parts: readonly (string | Uint8Array | undefined)[]): string {
  const hash = createHash('sha256');
  // With the length before each, so that no two lists of parts look alike.
  for (const part of parts) hash.update(`${part?.length ?? -1}:`).update(part ?? '');
  return hash.digest('hex').slice(0, HASH_CHARACTERS);
}
