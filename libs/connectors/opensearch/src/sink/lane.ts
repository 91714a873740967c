import type { Refusals } from '@millrace/connector-contract';
import type { Bulk, Refused } from './bulk.ts';
import { bytesOf, documentOf, type Operation } from './operation.ts';
import type { SetAside } from './set-aside.ts';

export interface LaneOptions {
  readonly bulk: Bulk;
  readonly records: number;
  readonly bytesMax: number;
  readonly refusals: Refusals | undefined;
  readonly setAside: SetAside;
  /** Told of each operation once: it is written, was overtaken by a later one of its document, or set aside. */
  readonly settled: (operations: readonly Operation[], written: number) => void;
  readonly failed: (error: unknown) => void;
}

/** What goes into a request: a document at most once. */
interface Page {
  readonly operations: Map<string, Operation>;
  bytes: number;
}

/** Changes of some documents, one request after the other. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #pages: Page[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  add(operation: Operation): void {
    const document = documentOf(operation);
    const page = this.#pageFor(document, bytesOf(operation));
    const earlier = page.operations.get(document);
    if (earlier !== undefined) {
      page.bytes -= bytesOf(earlier);
      this.#options.settled([earlier], 1);
    }
    page.operations.set(document, operation);
    page.bytes += bytesOf(operation);
    this.#sending ??= this.#send();
  }

  async idle(): Promise<void> {
    await this.#sending;
  }

  #pageFor(document: string, bytes: number): Page {
    const { records, bytesMax, refusals } = this.#options;
    const page = this.#pages.at(-1);
    if (page !== undefined) {
      const isThere = page.operations.has(document);
      const isFull = page.operations.size >= records || (page.bytes > 0 && page.bytes + bytes > bytesMax);
      // Where documents are set aside none hides an earlier one.
      if (isThere ? refusals === undefined : !isFull) return page;
    }
    const next = { operations: new Map<string, Operation>(), bytes: 0 };
    this.#pages.push(next);
    return next;
  }

  async #send(): Promise<void> {
    try {
      // What the same batch has for this lane goes along.
      await Promise.resolve();
      while (this.#pages.length > 0) {
        const operations = [...this.#pages.shift()!.operations.values()];
        const kept = operations.filter((operation) => !this.#isSetAside(operation));
        const refused = kept.length === 0 ? [] : await this.#options.bulk.write(kept);
        for (const each of refused) this.#refuse(each);
        this.#options.settled(operations, kept.length - refused.length);
      }
      this.#sending = undefined;
    } catch (error) {
      this.#options.failed(error);
    }
  }

  /** It was refused with the other half of its key change, or an earlier change of its row was. */
  #isSetAside({ at }: Operation): boolean {
    const { refusals, setAside } = this.#options;
    if (at === undefined || refusals === undefined) return false;
    if (setAside.has(at.batch, at.index)) return true;
    if (!refusals.holdsAny || !refusals.holds(at.batch, at.index)) return false;
    setAside.add(at.batch, refusals.park(at.batch, at.index));
    return true;
  }

  #refuse({ operation: { at }, reason }: Refused): void {
    const { refusals, setAside } = this.#options;
    if (at === undefined || refusals === undefined) throw reason;
    if (setAside.has(at.batch, at.index)) return;
    setAside.add(at.batch, refusals.refuse(at.batch, at.index, reason));
  }
}
