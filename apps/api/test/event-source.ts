import type { TestApi } from './start-api.ts';

const WAIT_MS_MAX = 30_000;

export interface SeenEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of all shapes
  readonly data: any;
}

/** A viewer of a stream of server-sent events, over a real connection. */
export class EventSource implements AsyncDisposable {
  readonly seen: SeenEvent[] = [];
  readonly headers: Headers;
  /** Resolves when the stream has ended, whoever ended it. */
  readonly ended: Promise<void>;
  readonly #leave: AbortController;
  #next = 0;
  #wake: () => void = () => {};
  #hasEnded = false;

  private constructor(response: Response, leave: AbortController) {
    this.headers = response.headers;
    this.#leave = leave;
    this.ended = this.#read(response)
      .catch(() => undefined)
      .finally(() => {
        this.#hasEnded = true;
        this.#wake();
      });
  }

  static async open(api: TestApi, path: string): Promise<EventSource> {
    if (!api.app.getHttpServer().listening) await api.app.listen(0, '127.0.0.1');
    const leave = new AbortController();
    const response = await fetch(`${await api.app.getUrl()}${path}`, { signal: leave.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return new EventSource(response, leave);
  }

  /** The next event of this kind that has not been asked for yet; others in between are passed over. */
  async next(event: string): Promise<SeenEvent['data']> {
    const deadline = AbortSignal.timeout(WAIT_MS_MAX);
    for (;;) {
      while (this.#next < this.seen.length) {
        const found = this.seen[this.#next++]!;
        if (found.event === event) return found.data;
      }
      if (this.#hasEnded || deadline.aborted)
        throw new Error(`no event ${event}: ${JSON.stringify(this.seen.map((each) => each.event))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) this.#add(block);
      this.#wake();
    }
  }

  #add(block: string): void {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const event = field('event');
    if (event !== undefined) this.seen.push({ event, data: JSON.parse(field('data')!) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave.abort();
    await this.ended;
  }
}
