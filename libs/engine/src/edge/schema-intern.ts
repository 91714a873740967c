import type { Batch, ColumnSchema } from '../contract/batch.ts';

/** Schemas of one stream beyond which the oldest ones are forgotten: a sender that makes one for each batch must not fill the memory. */
const SCHEMAS_MAX = 1_000;

/**
 * Gives column batches that have come from another thread one schema object for each schema, as on the thread they come from:
 * loops are kept by schema object, and a clone would be a new one every time.
 */
export class SchemaIntern {
  readonly #schemas = new Map<string, ColumnSchema>();

  intern(batch: Batch): Batch {
    if (batch.kind !== 'columns') return batch;
    let name = '';
    for (const field of batch.schema.fields) name += `${field.type}:${field.name.length}:${field.name};`;
    let schema = this.#schemas.get(name);
    if (schema === undefined) {
      if (this.#schemas.size >= SCHEMAS_MAX) this.#schemas.clear();
      schema = batch.schema;
      this.#schemas.set(name, schema);
    }
    return { ...batch, schema };
  }
}
