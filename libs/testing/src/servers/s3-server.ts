import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { s3Program } from './s3-program.ts';

const START_WAIT_MS_MAX = 60_000;
const IDENTITY = 'testkey';
const CREDENTIAL = 'testsecret1';

/** A private S3 server (S3Proxy over a folder) in a temporary directory, on a free loopback port. Objects and uploads outlive its crashes. */
export class S3Server extends LocalServer {
  readonly port: number;

  private constructor(port: number, directory: string) {
    super(directory);
    this.port = port;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<S3Server> {
    const server = new S3Server(await freePort(), mkdtempSync(join(tmpdir(), 'millrace-s3-')));
    return server.begin();
  }

  /** With access key and secret; addresses of buckets are path-style. */
  get url(): string {
    return `http://${IDENTITY}:${CREDENTIAL}@127.0.0.1:${this.port}`;
  }

  override async up(): Promise<void> {
    const { program, args } = await s3Program();
    const data = join(this.directory, 'data');
    const settings = join(this.directory, 's3proxy.conf');
    mkdirSync(data, { recursive: true });
    writeFileSync(
      settings,
      [
        `s3proxy.endpoint=http://127.0.0.1:${this.port}`,
        's3proxy.authorization=aws-v2-or-v4',
        `s3proxy.identity=${IDENTITY}`,
        `s3proxy.credential=${CREDENTIAL}`,
        'jclouds.provider=filesystem-nio2',
        `jclouds.filesystem.basedir=${data}`,
      ].join('\n'),
    );
    await this.launch({
      name: 'the S3 server',
      program,
      args: [...args, '--properties', settings],
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
  }

  /** Any answer will do: without a signature it is a refusal. */
  #answers(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/`).then(
      (answer) => answer.body?.cancel().then(() => true) ?? true,
      () => false,
    );
  }
}
