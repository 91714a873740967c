/** Longest event that is taken, in characters: the other side would otherwise decide how much memory we need. */
const EVENT_LENGTH_MAX = 64 * 1_024 * 1_024;

export interface ServerSentEvent {
  /** `message` when the stream gives none. */
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/**
 * The events of a body; a comment comes as an event without data and the name `''`, so that the caller knows that the stream lives. Ours and not a library's: the one that there is exports
 * its sources under the condition `source`, by which this repository imports itself.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 * @throws Error when the stream breaks, or an event is too long
 */
export async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent, void> {
  let rest = '';
  let event = '';
  let id: string | undefined;
  let data: string[] = [];
  let length = 0;
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) {
      length += line.length;
      if (line === '') {
        if (data.length > 0) yield { event: event === '' ? 'message' : event, data: data.join('\n'), id };
        event = '';
        data = [];
        length = 0;
      } else if (line.startsWith(':')) {
        yield { event: '', data: '', id };
      } else {
        const colon = line.indexOf(':');
        const name = colon === -1 ? line : line.slice(0, colon);
        const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
        if (name === 'data') data.push(value);
        else if (name === 'event') event = value;
        else if (name === 'id' && !value.includes('\0')) id = value;
      }
    }
    if (length + rest.length > EVENT_LENGTH_MAX)
      throw new Error(`an event is longer than ${EVENT_LENGTH_MAX} characters`);
  }
}
