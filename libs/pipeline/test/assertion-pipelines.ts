import { Assertions, Pipeline, type Sink, TestSources } from '@millrace/pipeline';

const given =
  (sink: Sink<number>, rows: readonly number[] = [1, 2, 3]) =>
  (): Pipeline => {
    const p = Pipeline.create();
    p.readFrom(TestSources.items(...rows)).writeTo(sink);
    return p;
  };

export const ordered = given(Assertions.ordered([1, 2, 3]));
export const anyOrder = given(Assertions.anyOrder([3, 1, 2]));
export const collected = given(
  Assertions.collected((rows) => {
    if (rows.length !== 3) throw new Error('not three');
  }),
);
export const notOrdered = given(Assertions.ordered([1, 3, 2]));
export const tooFew = given(Assertions.ordered([1, 2, 3]), [1, 2]);
export const tooMany = given(Assertions.ordered([1]), [1, 2]);
export const otherRows = given(Assertions.anyOrder([1, 2, 4]));
export const refused = given(
  Assertions.collected((rows) => {
    throw new Error(`sum is ${rows.reduce((a, b) => a + b, 0)}`);
  }),
);
