import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { ulids } from '@millrace/kernel';
import type { S3Config } from '../config.ts';
import { s3Config } from '../config.ts';

const READS_AT_ONCE = 8;

const decompress = (key: string, bytes: Uint8Array): Uint8Array => {
  if (key.endsWith('.gz')) return gunzipSync(bytes);
  return key.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes;
};

/** A bucket as its readers see it. */
export class TestBucket implements Disposable {
  readonly config: S3Config;
  #client!: S3Client;

  private constructor(config: S3Config) {
    this.config = config;
    this.reconnect();
  }

  /** A new bucket of the server at this URL (with key and secret). */
  static async create(url: string, more: Partial<S3Config> = {}): Promise<TestBucket> {
    const bucket = TestBucket.open(url, `test-${ulids.next().toLowerCase()}`, more);
    await bucket.#client.send(new CreateBucketCommand({ Bucket: bucket.config.bucket }));
    return bucket;
  }

  static open(url: string, name: string, more: Partial<S3Config> = {}): TestBucket {
    const { origin, username, password } = new URL(url);
    const keys = { accessKeyId: username, secretAccessKey: password };
    return new TestBucket(s3Config.parse({ bucket: name, endpoint: origin, pathStyle: true, ...keys, ...more }));
  }

  /** For after a crash of the server. */
  reconnect(): void {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.config;
    this.#client = new S3Client({
      endpoint: endpoint!,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey! },
    });
  }

  get client(): S3Client {
    return this.#client;
  }

  /** All keys, sorted. */
  async allKeys(): Promise<string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({ Bucket: this.config.bucket, ContinuationToken: token }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return keys.sort();
  }

  /** Keys of data. */
  async keys(): Promise<string[]> {
    return (await this.allKeys()).filter((key) => !key.includes('_millrace/'));
  }

  /** Keys of uploads under way, sorted. */
  async uploads(): Promise<string[]> {
    const { Uploads } = await this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.config.bucket }));
    return (Uploads ?? []).map(({ Key }) => Key!).sort();
  }

  async bytes(key: string): Promise<Uint8Array> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.config.bucket, Key: key }));
    return Body!.transformToByteArray();
  }

  /** The text of an object, decompressed. */
  async text(key: string): Promise<string> {
    return new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(decompress(key, await this.bytes(key)));
  }

  /** The ids in the NDJSON lines of these objects, in order. */
  async ids(keys: readonly string[]): Promise<number[]> {
    const ids: number[] = [];
    for (let at = 0; at < keys.length; at += READS_AT_ONCE) {
      const texts = await Promise.all(keys.slice(at, at + READS_AT_ONCE).map((key) => this.text(key)));
      for (const line of texts.flatMap((text) => text.split('\n').slice(0, -1)))
        ids.push((JSON.parse(line) as { id: number }).id);
    }
    return ids;
  }

  /** Manifests in the order of their names. */
  async manifests(): Promise<TestManifest[]> {
    const keys = (await this.allKeys()).filter((key) => key.includes('_millrace/manifests/'));
    return Promise.all(keys.map(async (key) => JSON.parse(await this.text(key)) as TestManifest));
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

interface TestManifest {
  readonly execution: number;
  readonly snapshot: number;
  readonly writer: number;
  readonly rows: number;
  readonly bytes: number;
  readonly tables: readonly { readonly table: string; readonly columns: readonly { readonly name: string }[] }[];
  readonly objects: readonly {
    readonly key: string;
    readonly table: number;
    readonly rows: number;
    readonly bytes: number;
    readonly first: unknown;
    readonly last: unknown;
  }[];
}
