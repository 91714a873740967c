import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { versityProgram } from './versity-program.ts';

const START_WAIT_MS_MAX = 60_000;
const ACCESS = 'testkey';
const SECRET = 'testsecret1';

/** A private versitygw over a folder: an S3 server that shares no code with `S3Server`, and is quick enough for benches. */
export class VersityServer extends LocalServer {
  readonly port: number;

  private constructor(port: number, directory: string) {
    super(directory);
    this.port = port;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<VersityServer> {
    const server = new VersityServer(await freePort(), mkdtempSync(join(tmpdir(), 'millrace-versity-')));
    return server.begin();
  }

  /** With access key and secret; addresses of buckets are path-style. */
  get url(): string {
    return `http://${ACCESS}:${SECRET}@127.0.0.1:${this.port}`;
  }

  override async up(): Promise<void> {
    const data = join(this.directory, 'data');
    const sidecar = join(this.directory, 'metadata');
    for (const folder of [data, sidecar]) mkdirSync(folder, { recursive: true });
    const listen = ['--port', `127.0.0.1:${this.port}`, '--access', ACCESS, '--secret', SECRET];
    // Metadata in files of its own: not every file system has extended attributes.
    const storage = ['posix', '--sidecar', sidecar, data];
    await this.launch({
      name: 'versitygw',
      program: await versityProgram(),
      args: [...listen, '--quiet', '--keep-alive', ...storage],
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
