/** A message that was handed on. */
interface Held {
  /** The first snapshot of this execution that holds it. */
  snapshotId: number | undefined;
  /** The broker has sent it to this execution, and waits for an answer. */
  isAwaited: boolean;
}

/** What a committed snapshot allows to tell the broker. */
interface Answers {
  readonly puback: readonly number[];
  readonly pubrec: readonly number[];
  readonly pubcomp: readonly number[];
}

/**
 * Packet ids of one session, as MQTT 5 has them (section 4.3): a message with QoS 2 has its id until PUBCOMP is sent, whatever is repeated, and no other message
 * gets it before. So the ids of what was handed on are the state by which a message that comes again is known.
 *
 * Two rules keep that true whatever crashes. An answer is sent only after the commit of a snapshot of this very execution, so an execution that is over sends
 * none. And PUBCOMP, which frees an id, is sent only when a committed snapshot no longer has that id.
 */
export class PacketIds {
  /** With QoS 2, between being handed on and PUBREL. They are the state. */
  readonly #held = new Map<number, Held>();
  /** PUBREL has come; the first snapshot without them. */
  readonly #released = new Map<number, number | undefined>();
  /** With QoS 1. */
  #once: { readonly id: number; snapshotId: number | undefined }[] = [];

  /** Messages whose id is not free. */
  get size(): number {
    return this.#held.size + this.#released.size + this.#once.length;
  }

  restore(ids: readonly number[]): void {
    for (const id of ids) this.#held.set(id, { snapshotId: undefined, isAwaited: false });
  }

  /**
   * A message with QoS 2 has come.
   * @param isRepeated the broker says that it may have sent it before
   * @returns whether it was handed on already; then it is answered with the next snapshot
   */
  isKnown(id: number, isRepeated: boolean): boolean {
    const held = this.#held.get(id);
    if (held === undefined || !isRepeated) return false;
    held.isAwaited = true;
    return true;
  }

  handOn(id: number, qos: 1 | 2): void {
    if (qos === 1) this.#once.push({ id, snapshotId: undefined });
    else this.#held.set(id, { snapshotId: undefined, isAwaited: true });
  }

  /** PUBREL has come: the broker will not send this message again. */
  release(id: number): void {
    this.#held.delete(id);
    this.#released.set(id, undefined);
  }

  /** State of a snapshot that holds all that was handed on. */
  save(snapshotId: number): readonly number[] {
    for (const each of this.#once) each.snapshotId ??= snapshotId;
    for (const held of this.#held.values()) held.snapshotId ??= snapshotId;
    for (const [id, saved] of this.#released) this.#released.set(id, saved ?? snapshotId);
    return [...this.#held.keys()];
  }

  commit(snapshotId: number): Answers {
    const isDue = (saved: number | undefined): boolean => saved !== undefined && saved <= snapshotId;
    const puback = this.#once.filter((each) => isDue(each.snapshotId)).map(({ id }) => id);
    this.#once = this.#once.filter((each) => !isDue(each.snapshotId));
    const pubrec: number[] = [];
    for (const [id, held] of this.#held) {
      if (!held.isAwaited || !isDue(held.snapshotId)) continue;
      held.isAwaited = false;
      pubrec.push(id);
    }
    const pubcomp: number[] = [];
    for (const [id, saved] of this.#released) if (isDue(saved)) pubcomp.push(id);
    for (const id of pubcomp) this.#released.delete(id);
    return { puback, pubrec, pubcomp };
  }
}
