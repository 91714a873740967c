import type { Bucket, Upload } from '../bucket/bucket.ts';

/** Bytes that come one after the other, as one object: a part is filled while one travels. */
export class StreamedUpload {
  readonly #bucket: Bucket;
  readonly #upload: Upload;
  readonly #partBytes: number;
  #pieces: Uint8Array[] = [];
  #held = 0;
  readonly #etags: string[] = [];
  #moving: Promise<void> = Promise.resolve();
  byteCount = 0;

  private constructor(bucket: Bucket, upload: Upload, partBytes: number) {
    this.#bucket = bucket;
    this.#upload = upload;
    this.#partBytes = partBytes;
  }

  static async begin(bucket: Bucket, key: string, partBytes: number): Promise<StreamedUpload> {
    return new StreamedUpload(bucket, await bucket.createUpload(key), partBytes);
  }

  /** Resolves when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    this.byteCount += bytes.length;
    while (this.#held >= this.#partBytes) await this.#send(this.#partBytes);
  }

  /** Shows the object. */
  async finish(): Promise<void> {
    if (this.#held > 0) await this.#send(this.#held);
    await this.#moving;
    await this.#bucket.completeUpload(this.#upload, this.#etags);
  }

  async abort(): Promise<void> {
    await this.#moving.catch(() => {});
    await this.#bucket.abortUpload(this.#upload);
  }

  async #send(byteCount: number): Promise<void> {
    const all = Buffer.concat(this.#pieces, this.#held);
    const rest = Uint8Array.from(all.subarray(byteCount));
    this.#pieces = [rest];
    this.#held = rest.length;
    await this.#moving;
    const number = this.#etags.length + 1;
    this.#moving = this.#bucket.uploadPart(this.#upload, number, all.subarray(0, byteCount)).then((etag) => {
      this.#etags.push(etag);
    });
    // It is awaited with the next one.
    this.#moving.catch(() => {});
  }
}
