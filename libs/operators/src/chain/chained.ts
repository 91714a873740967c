import {
  type Batch,
  type Outbox,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  type SnapshotEntry,
  type SnapshotWriter,
  StateWithoutVertex,
  type Watermark,
} from '@millrace/engine';
import { assert, MillraceError } from '@millrace/kernel';
import { LinkOutbox } from './link-outbox.ts';

/** One processor of a chain. Its saved state goes by its name. */
export interface ChainPart {
  readonly name: string;
  readonly supplier: ProcessorSupplier;
}

/** Between the name of a part and its own keys. */
const SEPARATOR = '/';

/**
 * Several processors in one tasklet (operator chaining): what one emits is given to the next by a call, without a queue. To the
 * engine the chain is one processor; to its parts it is what the engine would be, callback by callback.
 */
export function chained(parts: readonly ChainPart[]): ProcessorSupplier {
  assert(new Set(parts.map((part) => part.name)).size === parts.length, 'parts of a chain have names of their own');
  // One processor alone is a chain as well: its saved state is found again when others join it.
  const names = parts.map((part) => part.name);
  return (instance) =>
    new Chained(
      names,
      parts.map((part) => part.supplier(instance)),
    );
}

class Chained implements Processor {
  readonly isCooperative: boolean;
  readonly #names: readonly string[];
  readonly #parts: readonly Processor[];
  readonly #head: Processor;
  #links: LinkOutbox[] = [];
  #outboxes: Outbox[] = [];
  #context!: ProcessorContext;
  /** Parts that have completed, prepared, saved and written, in that order of callbacks. */
  #completed = 0;
  #isPreparing = false;
  #prepared = 0;
  #saved = 0;
  #written = 0;

  constructor(names: readonly string[], parts: readonly Processor[]) {
    this.#names = names;
    this.#parts = parts;
    this.#head = parts[0]!;
    this.isCooperative = parts.every((part) => part.isCooperative ?? true);
    // Callbacks that the head does not have must be missing here as well: the engine asks whether they are there.
    if (this.#head.process === undefined) Object.assign(this, { process: undefined });
    if (parts.every((part) => part.woken === undefined)) Object.assign(this, { woken: undefined });
    if (parts.every((part) => part.writeSnapshot === undefined)) Object.assign(this, { writeSnapshot: undefined });
  }

  get readsAtOnce(): boolean {
    return this.#head.readsAtOnce ?? false;
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    const outboxes: Outbox[] = [context.outbox];
    const links: LinkOutbox[] = [];
    for (let index = this.#parts.length - 1; index > 0; index--) {
      const link = new LinkOutbox(this.#parts[index]!, outboxes[0]!);
      links.unshift(link);
      outboxes.unshift(link);
    }
    this.#links = links;
    this.#outboxes = outboxes;
    for (const [index, part] of this.#parts.entries()) await part.init?.({ ...context, outbox: outboxes[index]! });
  }

  process?(ordinal: number, batch: Batch): boolean {
    return this.#head.process!(ordinal, batch);
  }

  processWatermark(watermark: Watermark): boolean {
    return this.#head.processWatermark === undefined
      ? this.#outboxes[0]!.offer(watermark)
      : this.#head.processWatermark(watermark);
  }

  /** The last part first: it makes room for the others. */
  woken?(): boolean {
    for (let index = this.#parts.length - 1; index >= 0; index--) {
      // A part behind a link with an unfinished item is in the middle of a callback.
      if (index > 0 && this.#links[index - 1]!.isPending) continue;
      if (!(this.#parts[index]!.woken?.() ?? true)) return false;
    }
    return true;
  }

  complete(): boolean {
    while (this.#completed < this.#parts.length) {
      const isDone = this.#parts[this.#completed]!.complete?.() ?? true;
      if (!isDone) {
        // A barrier waits for the item that has now been finished: ask again.
        if (this.#links.some((link) => link.isHeld) && !this.#isPending) this.#context.wake();
        return false;
      }
      this.#completed += 1;
    }
    return true;
  }

  get #isPending(): boolean {
    return this.#links.some((link) => link.isPending);
  }

  /** With an item half way through the chain the barrier would split it: it is finished first, and no other begun. */
  snapshotReady(snapshotId: number): boolean {
    if (this.#completed === 0 && !(this.#head.snapshotReady?.(snapshotId) ?? true)) return false;
    if (!this.#isPending) return true;
    for (const link of this.#links) link.isHeld = true;
    return false;
  }

  snapshotPrepare(snapshotId: number): boolean {
    // Once parts are being prepared it is they who finish what they have begun.
    this.#isPreparing ||= this.#finishItem();
    if (!this.#isPreparing) return false;
    for (; this.#prepared < this.#parts.length; this.#prepared++) {
      if (!(this.#parts[this.#prepared]!.snapshotPrepare?.(snapshotId) ?? true)) return false;
    }
    return true;
  }

  /** Behind ended inputs a barrier may come while an item is half way through the chain. */
  #finishItem(): boolean {
    if (this.#isPending) {
      for (const link of this.#links) link.isHeld = true;
      this.#parts[this.#completed]!.complete?.();
      if (this.#isPending) return false;
    }
    for (const link of this.#links) link.isHeld = false;
    return true;
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    for (; this.#saved < this.#parts.length; this.#saved++) {
      const own = this.#writerOf(this.#saved, writer);
      if (!(this.#parts[this.#saved]!.saveSnapshot?.(snapshotId, own) ?? true)) return false;
    }
    this.#isPreparing = false;
    this.#prepared = 0;
    this.#saved = 0;
    this.#written = 0;
    return true;
  }

  writeSnapshot?(snapshotId: number, writer: SnapshotWriter): boolean {
    for (; this.#written < this.#parts.length; this.#written++) {
      const own = this.#writerOf(this.#written, writer);
      if (!(this.#parts[this.#written]!.writeSnapshot?.(snapshotId, own) ?? true)) return false;
    }
    return true;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    const end = entry.key.indexOf(SEPARATOR);
    const index = this.#names.indexOf(entry.key.slice(0, end));
    if (index < 0) {
      throw new MillraceError(StateWithoutVertex, {
        message: `the snapshot holds state of stage ${entry.key.slice(0, end)}, which the pipeline no longer has here`,
        mend: 'Start the job anew, or give the stage its old name and place back.',
      });
    }
    this.#parts[index]!.restoreSnapshot?.({ ...entry, key: entry.key.slice(end + 1) });
  }

  async restoreFinished(): Promise<void> {
    for (const part of this.#parts) await part.restoreFinished?.();
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    for (const part of this.#parts) await part.snapshotCommit?.(snapshotId);
  }

  /** Closes every part, the last one first, also when one of them fails. */
  async close(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    for (const part of [...this.#parts].reverse()) {
      try {
        await part.close?.();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  #writerOf(index: number, writer: SnapshotWriter): SnapshotWriter {
    const prefix = `${this.#names[index]}${SEPARATOR}`;
    return { offer: (entry) => writer.offer({ ...entry, key: prefix + entry.key }) };
  }
}
