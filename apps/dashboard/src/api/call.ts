import { type Api, createClient } from '@millrace/sdk/client';

/** One request, written once: it is made with it, and shown as curl from it. */
export type Call<T = unknown> = (api: Api) => Promise<T>;

export interface RecordedCall {
  readonly method: string;
  /** With path and query. */
  readonly url: string;
  readonly body: string | undefined;
  /** What the resource must still be. */
  readonly ifMatch: string | undefined;
}

/** What the call would send; nothing is sent. */
export async function recordCall(call: Call): Promise<RecordedCall> {
  let recorded: RecordedCall | undefined;
  const recorder = createClient({
    baseUrl: location.origin,
    fetch: async (input) => {
      const request = new Request(input);
      const body = await request.text();
      recorded = {
        method: request.method,
        url: request.url,
        body: body === '' ? undefined : body,
        ifMatch: request.headers.get('if-match') ?? undefined,
      };
      return new Response(null, { status: 204 });
    },
  });
  try {
    await call(recorder);
  } catch {
    // What comes after the request has no answer to work with.
  }
  if (recorded === undefined) throw new Error('the call made no request');
  return recorded;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** For a shell. With keys in use it takes the key from `MILLRACE_API_KEY`: none is ever shown. */
export function asCurl({ method, url, body, ifMatch }: RecordedCall, withKey: boolean): string {
  const lines = [`curl -X ${method} ${/[?&=]/.test(url) ? quoted(url) : url}`];
  if (withKey) lines.push(`-H "authorization: Bearer $MILLRACE_API_KEY"`);
  if (ifMatch !== undefined) lines.push(`-H ${quoted(`if-match: ${ifMatch}`)}`);
  if (body !== undefined) lines.push(`-H 'content-type: application/json'`, `-d ${quoted(body)}`);
  return lines.join(' \\\n  ');
}
