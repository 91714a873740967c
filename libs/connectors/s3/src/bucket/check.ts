import type { Finding } from '@millrace/connector-contract';
import { MillraceError, systemClock, ulids } from '@millrace/kernel';
import type { S3Config } from '../config.ts';
import { probeKey } from '../naming/keys.ts';
import { Bucket } from './bucket.ts';

/** A person waits for the answer. */
const CHECK_OUTAGE_MS = 2_000;

/**
 * Is the bucket there, and do the credentials allow what a sink needs? A probe is uploaded, aborted, written and removed below the prefix.
 * Every refusal is a finding.
 */
export const checkBucket = (config: S3Config, signal: AbortSignal): Promise<readonly Finding[]> =>
  checked(config, signal, (bucket) => tryAll(bucket, probeKey(config.prefix, ulids.next())), {
    code: 's3.bucket_writable',
    message: `bucket ${config.bucket} is there, and objects can be uploaded, listed and removed`,
  });

/** Is the bucket there, and may it be listed? Changes nothing. */
export const checkReadable = (config: S3Config, signal: AbortSignal): Promise<readonly Finding[]> =>
  checked(
    config,
    signal,
    async (bucket) => {
      for await (const _ of bucket.listKeys(config.prefix)) break;
    },
    { code: 's3.bucket_readable', message: `bucket ${config.bucket} is there and can be listed` },
  );

async function checked(
  config: S3Config,
  signal: AbortSignal,
  look: (bucket: Bucket) => Promise<void>,
  fine: { readonly code: string; readonly message: string },
): Promise<readonly Finding[]> {
  using bucket = await Bucket.connect({ config, clock: systemClock, signal, requests: 1, outageMs: CHECK_OUTAGE_MS });
  try {
    await look(bucket);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, mend } = error;
    const pointer = code.code === 's3.unreachable' ? '/endpoint' : '/bucket';
    return [{ code: code.code, severity: 'error', message, mend, pointer }];
  }
  return [{ ...fine, severity: 'ok' }];
}

async function tryAll(bucket: Bucket, key: string): Promise<void> {
  // Listing first: unlike HEAD its refusal says what is wrong.
  for await (const listed of bucket.listKeys(key)) if (listed === key) break;
  const upload = await bucket.createUpload(key);
  try {
    await bucket.uploadPart(upload, 1, Uint8Array.of(0x0a));
    for await (const listed of bucket.listUploads(key)) if (listed.key === key) break;
  } finally {
    await bucket.abortUpload(upload);
  }
  await bucket.put(key, new Uint8Array(), 'text/plain');
  await bucket.size(key);
  await bucket.remove(key);
}
