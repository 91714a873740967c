import { createReadStream, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AggregateOperations } from '@millrace/operators';
import { Pipeline, SinkBuilder, SourceBuilder } from '@millrace/pipeline';

const { allOf, counting, maxBy, summing } = AggregateOperations;

export interface Sale {
  readonly country: string;
  readonly product: string;
  readonly cents: number;
}

const ROWS_PER_FILL = 1_024;

// #region source
/** The lines of a CSV file with a header: `country,product,cents`. */
const sales = (file: string) =>
  SourceBuilder.batch('sales', () => {
    const lines = createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]();
    return { lines, hasHeader: true };
  })
    .fillBuffer<Sale>(async (state, buffer) => {
      while (buffer.size < ROWS_PER_FILL) {
        const { done, value } = await state.lines.next();
        if (done === true) return buffer.close();
        if (state.hasHeader) {
          state.hasHeader = false;
          continue;
        }
        const [country, product, cents] = (value as string).split(',');
        buffer.add({ country: country!, product: product!, cents: Number(cents) });
      }
    })
    .build();
// #endregion

/** Revenue by country, the best one first. */
export default ({ from, to }: { readonly from: string; readonly to: string }): Pipeline => {
  const p = Pipeline.create();
  // #region batch
  const byCountry = p
    .readFrom(sales(from))
    .rebalance()
    .filter(({ cents }) => cents > 0)
    .groupingKey(({ country }) => country)
    .aggregate(
      allOf({
        sales: counting<Sale>(),
        cents: summing(({ cents }: Sale) => cents),
        best: maxBy<Sale>((a, b) => a.cents - b.cents),
      }),
    )
    .map(({ key, result: { sales: count, cents, best } }) => ({
      country: key,
      sales: count,
      cents,
      best: best!.product,
    }))
    .sort((a, b) => b.cents - a.cents);
  // #endregion
  const report = SinkBuilder.sink('report', () => ({ lines: [] as string[] }))
    .receive((state, row: unknown) => {
      state.lines.push(JSON.stringify(row));
    })
    .flush((state) => writeFileSync(to, `${state.lines.join('\n')}\n`))
    .build();
  byCountry.writeTo(report);
  return p;
};
