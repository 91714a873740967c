import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';

/** Messages of one batch that every server takes, unless it is set lower. */
export const BATCH_MESSAGES_MAX = 1_000;
const COMMIT_MS_MAX = 10_000;

export interface BatchMessage {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the server said of a batch that it did not take. */
export class BatchRefused extends Error {
  /** Of JetStream's own list. */
  readonly errorCode: number;

  constructor(errorCode: number, description: string) {
    super(description);
    this.errorCode = errorCode;
  }
}

interface Answer {
  readonly error?: { readonly err_code: number; readonly description: string };
  readonly seq?: number;
}

/**
 * Publishes messages so that all of them are in the stream, or none, also when the server is killed.
 * https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-50.md
 *
 * Why not the client library's: it does not tell why a batch was refused.
 *
 * @returns sequence of the last message
 * @throws BatchRefused
 */
export async function publishAtomically(
  connection: NatsConnection,
  id: string,
  messages: readonly BatchMessage[],
): Promise<number> {
  const last = messages.length - 1;
  for (let index = 0; index < last; index++) {
    const { subject, body } = messages[index]!;
    connection.publish(subject, body, { headers: headersOf(id, index, messages[index]!) });
  }
  const { subject, body } = messages[last]!;
  const ofLast = headersOf(id, last, messages[last]!);
  ofLast.set('Nats-Batch-Commit', '1');
  const answer = await connection.request(subject, body, { headers: ofLast, timeout: COMMIT_MS_MAX });
  const { error, seq } = answer.json<Answer>();
  if (error !== undefined || seq === undefined)
    throw new BatchRefused(error?.err_code ?? 0, error?.description ?? 'the answer has no sequence');
  return seq;
}

function headersOf(id: string, index: number, { headers: own }: BatchMessage): MsgHdrs {
  const made = headers();
  for (const name in own) made.set(name, own[name]!);
  made.set('Nats-Batch-Id', id);
  made.set('Nats-Batch-Sequence', String(index + 1));
  return made;
}
