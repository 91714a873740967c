import type { TableSchema } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { EventList } from './event-list.ts';

/** Versions of tables' shapes that are kept; a job has about one for each table. */
const PLANS_MAX = 20_000;

/** Plans by the shape of the source's table. */
export class PlanCache<Plan> {
  readonly #make: (source: TableSchema) => Promise<Plan>;
  readonly #plans = new Map<string, Plan>();
  /** The same by identity, for the batches at hand. */
  #atHand = new Map<TableSchema, Plan>();

  constructor(make: (source: TableSchema) => Promise<Plan>) {
    this.#make = make;
  }

  /** Makes the plans that these events need and returns the new ones. */
  async prepare(events: EventList): Promise<readonly Plan[]> {
    const made: Plan[] = [];
    this.#atHand = new Map();
    for (const batch of events.batches) {
      for (const schema of batch.schemas) {
        if (this.#atHand.has(schema)) continue;
        const shape = JSON.stringify(schema);
        let plan = this.#plans.get(shape);
        if (plan === undefined) {
          assert(this.#plans.size < PLANS_MAX, `more than ${PLANS_MAX} shapes of tables`);
          plan = await this.#make(schema);
          made.push(plan);
          this.#plans.set(shape, plan);
        }
        this.#atHand.set(schema, plan);
      }
    }
    return made;
  }

  /** Of an event that `prepare` has seen. */
  of(schema: TableSchema): Plan {
    return this.#atHand.get(schema)!;
  }
}
