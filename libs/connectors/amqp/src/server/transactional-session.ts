import rhea, { type Sender, type Session, type Typed } from 'rhea';

/** Its declarations leave the writer out. */
const types = rhea.types as typeof rhea.types & {
  readonly Writer: new () => { write(value: Typed): void; toBuffer(): Buffer };
};

/** Descriptors of the AMQP 1.0 specification, part 4 (transactions), section 4.5. */
const COORDINATOR = 0x30;
const DECLARE = 0x31;
const DISCHARGE = 0x32;
const DECLARED = 0x33;
const TRANSACTIONAL_STATE = 0x34;
/** Of part 3, section 3.4. */
const ACCEPTED = 0x24;
const RELEASED = 0x26;
/** Constructor and descriptor of an amqp-value section (part 3, section 3.2.8). */
const VALUE_SECTION = Buffer.from([0x00, 0x53, 0x77]);
/** Place of the delivery state among the fields of a transfer, and of the one before it (part 2, section 2.7.5). */
const STATE_FIELD = 7;

interface Performative {
  /** Its fields, as they are written. */
  readonly value: (Typed | undefined)[];
  readonly delivery_id?: number;
  readonly first?: number;
  state?: Typed;
  target?: Typed;
}

/** What the client library keeps to itself, but calls by name: where frames of a session come and go. */
interface SessionInside {
  output(performative: Performative, payload?: Buffer): void;
  on_disposition(frame: { readonly performative: Performative }): void;
  on_attach(frame: { readonly performative: Performative }): void;
  create_sender(name: string, options: object): Sender & { readonly local: { attach: Performative } };
}

const described = (code: number, fields: readonly Typed[] = []): Typed =>
  types.described(types.wrap_ulong(code), types.wrap_list([...fields]));

const descriptorOf = (value: Typed | undefined): number | undefined =>
  (value?.descriptor as { readonly value?: number } | undefined)?.value;

const fieldsOf = (value: Typed): readonly Typed[] => value.value as readonly Typed[];

export const accepted = (): Typed => described(ACCEPTED);
export const released = (): Typed => described(RELEASED);

/** A message that has nothing but a value: the library can't write a described value as a body. */
function messageOf(value: Typed): Buffer {
  const writer = new types.Writer();
  writer.write(value);
  return Buffer.concat([VALUE_SECTION, writer.toBuffer()]);
}

export const declareMessage = (): Buffer => messageOf(described(DECLARE, [types.wrap(null)]));

export const dischargeMessage = (transaction: Buffer, fail: boolean): Buffer =>
  messageOf(described(DISCHARGE, [types.wrap_binary(transaction), types.wrap_boolean(fail)]));

/** The state of a delivery that counts when the transaction does. @param outcome of a delivery that was received */
export const stateIn = (transaction: Buffer, outcome?: Typed): Typed =>
  described(TRANSACTIONAL_STATE, [types.wrap_binary(transaction), ...(outcome === undefined ? [] : [outcome])]);

/**
 * What AMQP's transactions need and the client library lacks, added to one session of it at the places where frames come and go: a coordinator as
 * target of a link, a state of deliveries that are sent, and the two states that only transactions have.
 */
export class TransactionalSession {
  readonly #inside: SessionInside;
  readonly #states = new Map<number, Typed>();
  readonly #declared = new Map<number, Buffer>();
  /** What "accepted" means at present. */
  #acceptedState: Typed | undefined;

  constructor(session: Session) {
    const inside = session as unknown as SessionInside;
    this.#inside = inside;
    const output = inside.output.bind(session);
    inside.output = (performative, payload) => {
      const state = 'delivery_tag' in performative ? this.#states.get(performative.delivery_id!) : undefined;
      if (state !== undefined) {
        performative.value[STATE_FIELD - 1] ??= types.wrap(null);
        performative.value[STATE_FIELD] = state;
      }
      const accepts = 'first' in performative && descriptorOf(performative.state) === ACCEPTED;
      if (accepts && this.#acceptedState !== undefined) performative.state = this.#acceptedState;
      output(performative, payload);
    };
    const onDisposition = inside.on_disposition.bind(session);
    inside.on_disposition = (frame) => {
      this.#read(frame.performative);
      onDisposition(frame);
    };
    const onAttach = inside.on_attach.bind(session);
    inside.on_attach = (frame) => {
      // The library does not know it, and says so on the console.
      if (descriptorOf(frame.performative.target) === COORDINATOR) frame.performative.target = types.wrap(null);
      onAttach(frame);
    };
  }

  /** A link to what declares and discharges transactions. */
  attachCoordinator(): Sender {
    const sender = this.#inside.create_sender('millrace-coordinator', {});
    sender.set_source({ address: '' });
    sender.local.attach.target = described(COORDINATOR);
    sender.attach();
    return sender;
  }

  /**
   * Whatever `settle` accepts of received deliveries counts with this transaction. Unlike deliveries with a state of their own they are written in ranges.
   */
  async acceptIn(transaction: Buffer, settle: () => void): Promise<void> {
    this.#acceptedState = stateIn(transaction, accepted());
    settle();
    // The library writes them at the end of this turn.
    await new Promise(setImmediate);
    this.#acceptedState = undefined;
  }

  /** The delivery is sent in a state; `undefined` afterwards. */
  setState(delivery: number, state: Typed | undefined): void {
    if (state === undefined) this.#states.delete(delivery);
    else this.#states.set(delivery, state);
  }

  /** The transaction that a delivery to the coordinator has declared; only once. */
  takeDeclared(delivery: number): Buffer | undefined {
    const transaction = this.#declared.get(delivery);
    this.#declared.delete(delivery);
    return transaction;
  }

  /** The library knows the outcomes, so it gets the outcome alone. */
  #read(performative: Performative): void {
    const { state } = performative;
    const code = descriptorOf(state);
    if (code === DECLARED) {
      this.#declared.set(performative.first!, fieldsOf(state!)[0]!.value as Buffer);
      performative.state = accepted();
    } else if (code === TRANSACTIONAL_STATE) {
      const outcome = fieldsOf(state!)[1];
      if (outcome !== undefined) performative.state = outcome;
    }
  }
}
