import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError, systemClock } from '@millrace/kernel';
import { freePort } from './free-port.ts';
import { GuardedProcess, ServerDidNotStart } from './guarded-process.ts';
import { s3Program } from './s3-program.ts';

const START_WAIT_MS_MAX = 60_000;
const POLL_MS = 50;
const IDENTITY = 'testkey';
const CREDENTIAL = 'testsecret1';

/** A private S3 server (S3Proxy over a folder) in a temporary directory, on a free loopback port. Objects and uploads outlive its crashes. */
export class S3Server implements AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  #process: GuardedProcess | undefined;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.directory = directory;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<S3Server> {
    const server = new S3Server(await freePort(), mkdtempSync(join(tmpdir(), 'millrace-s3-')));
    try {
      await server.up();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Process id of the server. */
  get pid(): number {
    if (this.#process === undefined) throw new Error('the server is down');
    return this.#process.pid;
  }

  /** With access key and secret; addresses of buckets are path-style. */
  get url(): string {
    return `http://${IDENTITY}:${CREDENTIAL}@127.0.0.1:${this.port}`;
  }

  /** Starts the server on its data and waits until it answers. */
  async up(): Promise<void> {
    const { program, args } = await s3Program();
    const data = join(this.directory, 'data');
    const settings = join(this.directory, 's3proxy.conf');
    const logFile = join(this.directory, 'server.log');
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
    this.#process = await GuardedProcess.start({
      program,
      args: [...args, '--properties', settings],
      stopSignal: 'TERM',
      logFile,
      leftover: this.directory,
    });
    const deadline = systemClock.monotonicMs() + START_WAIT_MS_MAX;
    while (!(await this.#answers())) {
      if (this.#process.hasExited || systemClock.monotonicMs() > deadline) {
        const log = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
        throw new MillraceError(ServerDidNotStart, { message: `the S3 server did not start: ${log}` });
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  /** Any answer will do: without a signature it is a refusal. */
  #answers(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/`).then(
      (answer) => answer.body?.cancel().then(() => true) ?? true,
      () => false,
    );
  }

  /** Ends the server; data stays for `up`. */
  async down(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#process?.signal(signal);
    await this.#process?.gone();
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.down(signal);
    await this.up();
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
