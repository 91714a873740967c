import type { Refusals } from '@millrace/connector-contract';
import type { Processor } from '@millrace/engine';
import type { Letter, LetterStore } from '../refusals/letter-store.ts';
import type { RecordPolicy } from '../refusals/record-policy.ts';
import { refusalGate } from '../refusals/refusal-gate.processor.ts';

const policy = (given: Partial<RecordPolicy>) => ({
  stage: 'parsed',
  action: 'skip' as const,
  parkKeys: false,
  retries: 0,
  backoffMs: 0,
  openMax: 100,
  ...given,
});

/** Makes a stage with a policy, whose letters go to `store`. */
export const gate =
  (
    inner: (refusals: Refusals) => Processor,
    given: Partial<RecordPolicy> = {},
    store?: LetterStore,
    isFiltering = true,
    isSource = false,
  ) =>
  (): Processor =>
    refusalGate({ policy: policy(given), letters: store && (async () => store), isFiltering, isSource, inner });

/** Looks like the catalog's to the gate, and keeps what it is told. */
export class ArrayStore implements LetterStore {
  added: Letter[] = [];
  recover = async (): Promise<number> => 0;
  add = async (letters: readonly Letter[]): Promise<void> => void this.added.push(...letters);
  seal: LetterStore['seal'] = async () => {};
  publish = async (): Promise<void> => {};
  requests: LetterStore['requests'] = async () => ({ requests: [], hasMore: false });
  async [Symbol.asyncDispose](): Promise<void> {}
}
