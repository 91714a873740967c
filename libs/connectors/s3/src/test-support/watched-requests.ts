import { S3Client } from '@aws-sdk/client-s3';

/** When, around a request: before it is sent, while it travels, after its answer. */
export type Moment = 'before' | 'during' | 'after';

/**
 * Calls `at` around every request that clients in this process make, with its name (`UploadPart`). What it returns is awaited, except for `during`.
 */
export function watchRequests(at: (moment: Moment, name: string) => void | Promise<void>): void {
  const prototype = S3Client.prototype as unknown as {
    send(command: object, ...rest: unknown[]): Promise<unknown>;
  };
  // oxlint-disable-next-line typescript/unbound-method -- called with the client as `this` below
  const original = prototype.send;
  prototype.send = async function send(this: unknown, command, ...rest) {
    const name = command.constructor.name.replace(/Command$/, '');
    await at('before', name);
    const answer = original.call(this, command, ...rest);
    void at('during', name);
    const value = await answer;
    await at('after', name);
    return value;
  };
}
