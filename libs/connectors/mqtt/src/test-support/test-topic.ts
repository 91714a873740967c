import { ulids } from '@millrace/kernel';
import { connectAsync, type IClientOptions, type IClientPublishOptions, type IPublishPacket } from 'mqtt';

const BARRIER = 'barrier';

const optionsOf = (more: Partial<IClientOptions> = {}): IClientOptions => ({
  protocolVersion: 5,
  reconnectPeriod: 0,
  clientId: `test-${ulids.next()}`,
  ...more,
});

/** Options of the connection to a broker of tests. */
export function configOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** Topics of a test's own below one name, and what a test does with them. */
export function testTopic(url: string) {
  const name = `t${ulids.next()}`;
  return {
    name,
    config: configOf(url),
    async publish(
      payloads: readonly string[],
      { topic = `${name}/orders`, ...options }: IClientPublishOptions & { topic?: string } = {},
    ) {
      const client = await connectAsync(url, optionsOf());
      await Promise.all(payloads.map((payload) => client.publishAsync(topic, payload, { qos: 2, ...options })));
      await client.endAsync();
    },
    /** The broker forgets the session of a client. */
    async forget(clientId: string): Promise<void> {
      const client = await connectAsync(url, optionsOf({ clientId, clean: true }));
      await client.endAsync();
    },
  };
}

/** Somebody who reads topics below a name, and keeps the messages. */
export class TestReader {
  readonly #url: string;
  readonly #name: string;
  readonly #clientId = `reader-${ulids.next()}`;
  readonly messages: IPublishPacket[] = [];
  #client: Awaited<ReturnType<typeof connectAsync>> | undefined;
  #barriers = 0;

  private constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  static async open(url: string, name: string): Promise<TestReader> {
    const reader = new TestReader(url, name);
    await reader.connect();
    return reader;
  }

  /** Again, after the broker was restarted: its session is there. */
  async connect(): Promise<void> {
    const options = optionsOf({ clientId: this.#clientId, clean: false, properties: { sessionExpiryInterval: 3_600 } });
    const client = await connectAsync(this.#url, { ...options, manualConnect: false });
    this.#client = client;
    client.on('message', (topic, payload, packet) => {
      if (topic === `${this.#name}/${BARRIER}`) this.#barriers = Math.max(this.#barriers, Number(payload.toString()));
      else this.messages.push(packet);
    });
    client.on('error', () => {});
    await client.subscribeAsync(`${this.#name}/#`, { qos: 2 });
  }

  /** Everything that the broker had taken before. */
  async all(): Promise<readonly IPublishPacket[]> {
    const wanted = this.#barriers + 1;
    await this.#client!.publishAsync(`${this.#name}/${BARRIER}`, String(wanted), { qos: 2 });
    while (this.#barriers < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
    return this.messages;
  }

  async close(): Promise<void> {
    await this.#client?.endAsync(true);
  }
}
