import type { Key } from '@millrace/operators';
import type { RecordPolicy } from '../refusals/record-policy.ts';

/** What becomes of a row that a stage's function throws an error for. */
export type OnError<Row> = 'fail' | 'skip' | 'dead-letter' | OnErrorOptions<Row>;

export interface OnErrorOptions<Row> {
  /** `fail` (the default everywhere): the job stops with it. `skip`: it is counted and gone. `dead-letter`: it is kept until somebody replays or discards it. */
  readonly action: 'fail' | 'skip' | 'dead-letter';
  /** While a row is set aside, later ones with the same key are as well, so that their order holds. */
  readonly parkKeys?: ((row: Row) => Key) | undefined;
  /** With more of them open the job fails. Default 10,000. */
  readonly openMax?: number | undefined;
}

/** The option of a stage of one function. */
export interface RowStageOptions<Row> {
  readonly onError?: OnError<Row> | undefined;
}

/** Letters of one stage that may be open unless it says otherwise. */
export const OPEN_LETTERS_MAX = 10_000;

/** `undefined`: the first row that fails fails the job. */
export function rowPolicy<Row>(
  onError: OnError<Row> | undefined,
): { readonly policy: RecordPolicy; readonly keyOf: ((row: Row) => Key) | undefined } | undefined {
  const given: OnErrorOptions<Row> = typeof onError === 'object' ? onError : { action: onError ?? 'fail' };
  const { action, parkKeys: keyOf, openMax = OPEN_LETTERS_MAX } = given;
  if (action === 'fail') return undefined;
  return { policy: { action, parkKeys: keyOf !== undefined, retries: 0, backoffMs: 0, openMax }, keyOf };
}
