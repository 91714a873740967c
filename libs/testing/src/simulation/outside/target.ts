import type { Findings } from '../findings.ts';

interface Transaction {
  readonly snapshotId: number;
  readonly generation: number;
  readonly rows: readonly unknown[];
  state: 'prepared' | 'committed' | 'aborted';
}

/** A row that everybody can see. */
export interface ShownRow {
  readonly row: unknown;
  /** The snapshot whose phase two showed it. */
  readonly snapshotId: number;
}

/** What a sink promises about its rows beyond those of an undisturbed run. */
export interface SinkChecks<Row> {
  /** Rows of one key are shown in this order (INV-8). */
  readonly order?: { readonly keyOf: (row: Row) => unknown; readonly orderOf: (row: Row) => number } | undefined;
  /** No two rows have the same (INV-7). */
  readonly unique?: ((row: Row) => string) | undefined;
}

/** A transactional system at the far end of a sink, which survives the processes that write to it. */
export class Target {
  readonly name: string;
  readonly checks: SinkChecks<unknown>;
  readonly shown: ShownRow[] = [];
  readonly #findings: Findings;
  /** Newest snapshot that may be shown. */
  readonly #witnessed: () => number;
  readonly #transactions = new Map<string, Transaction>();
  #generation = 0;

  constructor(
    name: string,
    checks: SinkChecks<unknown>,
    parts: { readonly findings: Findings; readonly witnessed: () => number },
  ) {
    this.name = name;
    this.checks = checks;
    this.#findings = parts.findings;
    this.#witnessed = parts.witnessed;
  }

  /** From now on nobody with a smaller generation writes. */
  fence(generation: number): void {
    this.#check(generation);
    this.#generation = generation;
  }

  /** Makes rows durable without showing them. */
  prepare(handle: string, transaction: Omit<Transaction, 'state'>): void {
    this.#check(transaction.generation);
    this.#transactions.set(handle, { ...transaction, state: 'prepared' });
  }

  /** Shows what was prepared; a second time changes nothing. */
  commit(handle: string, generation: number): void {
    this.#check(generation);
    const transaction = this.#transactions.get(handle);
    if (transaction === undefined || transaction.state === 'aborted') {
      this.#findings.add(
        'INV-6',
        `${this.name}: ${handle} is to be committed, but was ${transaction?.state ?? 'never prepared'}`,
      );
      return;
    }
    if (transaction.state === 'committed') return;
    const { snapshotId, rows } = transaction;
    if (snapshotId > this.#witnessed()) {
      this.#findings.add('INV-2', `${this.name}: shows snapshot ${snapshotId}, which nobody remembers`);
    }
    transaction.state = 'committed';
    for (const row of rows) this.shown.push({ row, snapshotId });
  }

  /** Commits what the restored snapshot had prepared and rolls back what came after it. */
  restore(handles: readonly string[], snapshotId: number, generation: number): void {
    this.fence(generation);
    for (const handle of handles) this.commit(handle, generation);
    for (const transaction of this.#transactions.values()) {
      const isLeftOver = transaction.snapshotId > snapshotId && transaction.generation < generation;
      if (isLeftOver && transaction.state === 'prepared') transaction.state = 'aborted';
    }
  }

  /** What it showed when the snapshot was the newest, with everything of it done. */
  asOf(snapshotId: number): Target {
    const copy = new Target(this.name, this.checks, { findings: this.#findings, witnessed: this.#witnessed });
    copy.shown.push(...this.shown.filter((each) => each.snapshotId <= snapshotId));
    for (const [handle, transaction] of this.#transactions) {
      if (transaction.snapshotId <= snapshotId) copy.#transactions.set(handle, { ...transaction });
    }
    return copy;
  }

  #check(generation: number): void {
    if (generation < this.#generation)
      throw new Error(`simulated: ${this.name} is owned by generation ${this.#generation}`);
  }
}
