import { AggregateOperations } from '@millrace/operators';
import { Pipeline, RegisteredSinks, RegisteredSources } from '@millrace/pipeline';

const { allOf, counting, summing } = AggregateOperations;

// #region job
interface Sale {
  readonly customer: string;
  readonly cents: number;
}

/** What each customer has bought so far, from the changes of the shop's table `sales` into the table `customers` of the warehouse. */
export default ({ minCents = 0 }: { readonly minCents?: number } = {}): Pipeline => {
  const p = Pipeline.create();
  p.readFrom(RegisteredSources.changes('shop', { tables: ['public.sales'] }))
    .withNativeTimestamps(0)
    .filter(({ op }) => op === 'c' || op === 'r')
    .map(({ after }): Sale => ({ customer: after!.customer as string, cents: Number(after!.cents) }))
    .filter(({ cents }) => cents >= minCents)
    .groupingKey(({ customer }) => customer)
    .rollingAggregate(allOf({ sales: counting<Sale>(), cents: summing(({ cents }: Sale) => cents) }))
    .setName('per customer')
    .map(({ key, result: { sales, cents } }) => ({ customer: key, sales, cents }))
    .writeTo(
      RegisteredSinks.rows('warehouse', {
        columns: { customer: 'text', sales: 'int8', cents: 'int8' },
        key: ['customer'],
        options: { table: 'customers', mode: 'upsert' },
      }),
    );
  return p;
};
// #endregion
