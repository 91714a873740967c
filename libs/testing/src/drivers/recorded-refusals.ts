import type { Refusals } from '@millrace/connector-contract';
import { batchOfRecords, type ChangeBatch, type EventRecord, recordOf, type TableSchema } from '@millrace/formats';
import type { MillraceError } from '@millrace/kernel';

/** A stage's policy as a sink sees it: keeps what is set aside, and parks keys. */
export class RecordedRefusals implements Refusals {
  readonly retries: number;
  readonly backoffMs = 1;
  /** `refused` or `parked`, then the values of the row, in the order in which they were set aside. */
  readonly aside: string[] = [];
  /** What was refused. */
  readonly refused: EventRecord[] = [];
  /** Codes of the reasons. */
  readonly reasons: string[] = [];
  readonly #keys = new Set<string>();
  readonly #parkKeys: boolean;

  constructor({
    retries = 0,
    parkKeys = true,
  }: { readonly retries?: number | undefined; readonly parkKeys?: boolean } = {}) {
    this.retries = retries;
    this.#parkKeys = parkKeys;
  }

  get holdsAny(): boolean {
    return this.#keys.size > 0;
  }

  holds(batch: ChangeBatch, index: number): boolean {
    return this.#keys.has(keyOf(recordOf(batch, index)));
  }

  refuse(batch: ChangeBatch, index: number, reason: MillraceError): readonly number[] {
    if (this.#parkKeys) this.#keys.add(keyOf(recordOf(batch, index)));
    this.reasons.push(reason.code.code);
    this.refused.push(recordOf(batch, index));
    return this.#set('refused', batch, index);
  }

  park(batch: ChangeBatch, index: number): readonly number[] {
    return this.#set('parked', batch, index);
  }

  note(batch: ChangeBatch, index: number): string {
    const { schema: _, ...record } = recordOf(batch, index);
    return JSON.stringify(record);
  }

  recall(schema: TableSchema, note: string): ChangeBatch {
    const record = { ...(JSON.parse(note) as Omit<EventRecord, 'schema'>), schema };
    return batchOfRecords([record], record.receivedMs);
  }

  #set(how: string, batch: ChangeBatch, index: number): readonly number[] {
    const { after, before } = recordOf(batch, index);
    this.aside.push([how, ...Object.values(after ?? before ?? {})].join(' '));
    return [index];
  }
}

function keyOf({ schema, before, after }: EventRecord): string {
  const row = after ?? before ?? {};
  return schema.columns.flatMap(({ name, key }) => (key ? [row[name] ?? ''] : [])).join('\0');
}
