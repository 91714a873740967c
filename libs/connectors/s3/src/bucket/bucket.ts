import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { Turns } from '@millrace/formats/content';
import { assert, type Clock } from '@millrace/kernel';
import type { S3Config } from '../config.ts';
import { isNotFound, isTransient, s3Error } from '../errors.ts';

const CONNECT_MS_MAX = 5_000;
const REQUEST_MS_MAX = 120_000;

/** The SDK's own tries of a request, within a second or two; after that the outage budget counts. */
const SDK_TRIES = 3;

/** So long a request is tried again while the server can't be reached or asks for patience; then the execution fails and is started again later. */
const OUTAGE_MS_MAX = 60_000;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 5_000;

type Sdk = typeof import('@aws-sdk/client-s3');

/** An upload that is under way. */
export interface Upload {
  readonly key: string;
  readonly uploadId: string;
}

/** An object, whichever it is now, or only while it is the same. */
export interface ObjectAt {
  readonly key: string;
  readonly etag?: string | undefined;
}

/** An object as a listing shows it. */
export interface ListedObject extends ObjectAt {
  readonly key: string;
  /** Another one when the object is written again. */
  readonly etag: string;
}

export interface BucketOptions {
  readonly config: S3Config;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Requests under way at the same time. */
  readonly requests: number;
  /** Default `OUTAGE_MS_MAX`. */
  readonly outageMs?: number;
}

/**
 * The requests that this connector makes, with errors coded, transient failures tried again, and a bound on how many run at a time.
 * All methods throw MillraceError `s3.*`, or the signal's reason when it is aborted.
 */
export class Bucket implements Disposable {
  readonly name: string;
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #options: BucketOptions;
  readonly #turns: Turns;

  private constructor(sdk: Sdk, options: BucketOptions) {
    const { bucket, region, endpoint, pathStyle, accessKeyId, secretAccessKey } = options.config;
    this.#sdk = sdk;
    this.name = bucket;
    this.#options = options;
    this.#turns = new Turns(options.requests);
    this.#client = new sdk.S3Client({
      region,
      forcePathStyle: pathStyle,
      maxAttempts: SDK_TRIES,
      // Many servers don't know the newer checksums; bodies are covered by the signature or by TLS.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECT_MS_MAX,
        requestTimeout: REQUEST_MS_MAX,
        httpAgent: { keepAlive: true, maxSockets: options.requests },
        httpsAgent: { keepAlive: true, maxSockets: options.requests },
      },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(accessKeyId === undefined ? {} : { credentials: { accessKeyId, secretAccessKey: secretAccessKey! } }),
    });
  }

  /** Loads the SDK: only what uses S3 pays for it, a fifth of a second and 36 MB per thread. */
  static async connect(options: BucketOptions): Promise<Bucket> {
    return new Bucket(await import('@aws-sdk/client-s3'), options);
  }

  async createUpload(key: string): Promise<Upload> {
    const { UploadId } = await this.#request(`begin the upload of ${key}`, (abortSignal) =>
      this.#client.send(new this.#sdk.CreateMultipartUploadCommand({ Bucket: this.name, Key: key }), { abortSignal }),
    );
    assert(UploadId !== undefined, 'an upload has an id');
    return { key, uploadId: UploadId };
  }

  /** @returns the part's ETag, which completing needs. */
  async uploadPart({ key, uploadId }: Upload, part: number, body: Uint8Array): Promise<string> {
    const { ETag } = await this.#request(`upload part ${part} of ${key}`, (abortSignal) =>
      this.#client.send(
        new this.#sdk.UploadPartCommand({
          Bucket: this.name,
          Key: key,
          UploadId: uploadId,
          PartNumber: part,
          Body: body,
        }),
        { abortSignal },
      ),
    );
    assert(ETag !== undefined, 'a part has an ETag');
    return ETag;
  }

  /** @returns `false` when there is no such upload (it was completed or aborted before). */
  completeUpload({ key, uploadId }: Upload, etags: readonly string[]): Promise<boolean> {
    const MultipartUpload = { Parts: etags.map((ETag, index) => ({ PartNumber: index + 1, ETag })) };
    return this.#unlessMissing(`complete the upload of ${key}`, (abortSignal) =>
      this.#client.send(
        new this.#sdk.CompleteMultipartUploadCommand({
          Bucket: this.name,
          Key: key,
          UploadId: uploadId,
          MultipartUpload,
        }),
        { abortSignal },
      ),
    );
  }

  /** An upload that is not there is aborted already. */
  async abortUpload({ key, uploadId }: Upload): Promise<void> {
    await this.#unlessMissing(`abort the upload of ${key}`, (abortSignal) =>
      this.#client.send(
        new this.#sdk.AbortMultipartUploadCommand({ Bucket: this.name, Key: key, UploadId: uploadId }),
        {
          abortSignal,
        },
      ),
    );
  }

  /** Uploads under way whose keys begin with `prefix`. */
  async *listUploads(prefix: string): AsyncGenerator<Upload> {
    let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (let isTruncated = true; isTruncated; ) {
      const page = await this.#request('list uploads', (abortSignal) =>
        this.#client.send(new this.#sdk.ListMultipartUploadsCommand({ Bucket: this.name, Prefix: prefix, ...marker }), {
          abortSignal,
        }),
      );
      for (const { Key, UploadId } of page.Uploads ?? [])
        if (Key !== undefined && UploadId !== undefined) yield { key: Key, uploadId: UploadId };
      isTruncated = page.IsTruncated ?? false;
      marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  }

  /** Keys of objects that begin with `prefix`. */
  async *listKeys(prefix: string): AsyncGenerator<string> {
    for await (const { key } of this.listObjects(prefix)) yield key;
  }

  /** Objects whose keys begin with `prefix`. */
  async *listObjects(prefix: string): AsyncGenerator<ListedObject> {
    let token: string | undefined;
    do {
      const page = await this.#request('list objects', (abortSignal) =>
        this.#client.send(
          new this.#sdk.ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, ContinuationToken: token }),
          {
            abortSignal,
          },
        ),
      );
      for (const { Key, ETag } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, etag: ETag ?? '' };
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async put(key: string, body: Uint8Array, contentType: string): Promise<void> {
    await this.#request(`write ${key}`, (abortSignal) =>
      this.#client.send(
        new this.#sdk.PutObjectCommand({ Bucket: this.name, Key: key, Body: body, ContentType: contentType }),
        {
          abortSignal,
        },
      ),
    );
  }

  /** Writes an object unless there is one. @returns `false` when there is */
  putNew(key: string, body: Uint8Array, contentType: string): Promise<boolean> {
    const object = { Bucket: this.name, Key: key, Body: body, ContentType: contentType, IfNoneMatch: '*' };
    return this.#unlessMissing(`write ${key}`, (abortSignal) =>
      this.#client.send(new this.#sdk.PutObjectCommand(object), { abortSignal }),
    );
  }

  /** A small object; `undefined` when it is not there. */
  async get(key: string): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array | undefined;
    await this.#unlessMissing(`read ${key}`, async (abortSignal) => {
      const { Body } = await this.#client.send(new this.#sdk.GetObjectCommand({ Bucket: this.name, Key: key }), {
        abortSignal,
      });
      bytes = await Body!.transformToByteArray();
    });
    return bytes;
  }

  /** The bytes of an object as they come; `undefined` when it is not there, or is another than this. */
  async open({ key, etag }: ObjectAt): Promise<Readable | undefined> {
    let body: Readable | undefined;
    await this.#unlessMissing(`read ${key}`, async (abortSignal) => {
      const { Body } = await this.#client.send(
        new this.#sdk.GetObjectCommand({
          Bucket: this.name,
          Key: key,
          ...(etag === undefined ? {} : { IfMatch: etag }),
        }),
        {
          abortSignal,
        },
      );
      body = Body as Readable;
    });
    return body;
  }

  /** Bytes of an object from `start` to before `end`; `undefined` when it is not there, or is another than this. */
  async read({ key, etag }: ObjectAt, start: number, end: number): Promise<ArrayBuffer | undefined> {
    let bytes: ArrayBuffer | undefined;
    await this.#unlessMissing(`read ${key}`, async (abortSignal) => {
      const range = {
        Bucket: this.name,
        Key: key,
        ...(etag === undefined ? {} : { IfMatch: etag }),
        Range: `bytes=${start}-${end - 1}`,
      };
      const { Body } = await this.#client.send(new this.#sdk.GetObjectCommand(range), { abortSignal });
      const body = await Body!.transformToByteArray();
      assert(body.length === end - start, 'a range has all its bytes');
      bytes = new Uint8Array(body).buffer;
    });
    return bytes;
  }

  /** How many bytes an object has; `undefined` when it is not there. */
  async size(key: string): Promise<number | undefined> {
    let size: number | undefined;
    await this.#unlessMissing(`look at ${key}`, async (abortSignal) => {
      size = (
        await this.#client.send(new this.#sdk.HeadObjectCommand({ Bucket: this.name, Key: key }), { abortSignal })
      ).ContentLength;
    });
    return size;
  }

  /** An object that is not there is removed already. */
  async remove(key: string): Promise<void> {
    await this.#unlessMissing(`remove ${key}`, (abortSignal) =>
      this.#client.send(new this.#sdk.DeleteObjectCommand({ Bucket: this.name, Key: key }), { abortSignal }),
    );
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  async #unlessMissing(operation: string, send: (abortSignal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    let isThere = true;
    await this.#request(operation, async (abortSignal) => {
      try {
        await send(abortSignal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        isThere = false;
      }
    });
    return isThere;
  }

  #request<T>(operation: string, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    return this.#turns.run(async () => {
      signal.throwIfAborted();
      try {
        return await this.#tryAgain(send);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw s3Error(error, operation, this.name);
      }
    });
  }

  async #tryAgain<T>(send: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, signal, outageMs = OUTAGE_MS_MAX } = this.#options;
    const giveUpAt = clock.monotonicMs() + outageMs;
    for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(2 * waitMs, RETRY_MS_MAX)) {
      try {
        return await send(signal);
      } catch (error) {
        if (signal.aborted || !isTransient(error) || clock.monotonicMs() + waitMs > giveUpAt) throw error;
      }
      await clock.sleep(waitMs, signal);
    }
  }
}
