import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { javaProgram, mavenArchive } from './maven-jars.ts';

const VERSION = '2.6.13.Final';
const ARTIFACT = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;
const JAR = `apicurio-registry-app-${VERSION}-runner.jar`;
const START_WAIT_MS_MAX = 90_000;

/**
 * A private schema registry (Apicurio, which speaks Confluent's protocol) in a temporary directory, on a free loopback port. What is registered
 * outlives its crashes. It has no login.
 */
export class RegistryServer extends LocalServer {
  readonly port: number;

  private constructor(port: number, directory: string) {
    super(directory);
    this.port = port;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<RegistryServer> {
    const server = new RegistryServer(await freePort(), mkdtempSync(join(tmpdir(), 'millrace-registry-')));
    return server.begin();
  }

  /** What the paths of Confluent's protocol are below. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/apis/ccompat/v7`;
  }

  override async up(): Promise<void> {
    const program = await javaProgram();
    const folder = await mavenArchive('registry', ARTIFACT);
    // Without a delay, what was answered is on the disk.
    const database = `jdbc:h2:file:${join(this.directory, 'data')};WRITE_DELAY=0`;
    const settings = {
      'quarkus.http.host': '127.0.0.1',
      'quarkus.http.port': this.port,
      // Of its own it keeps everything in memory.
      'quarkus.datasource.jdbc.url': database,
    };
    const java = ['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
    await this.launch({
      name: 'the schema registry',
      program,
      args: [
        ...java,
        ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`),
        '-jar',
        join(folder, JAR),
      ],
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
  }

  #answers(): Promise<boolean> {
    return fetch(`${this.url}/subjects`).then(
      async (answer) => {
        await answer.body?.cancel();
        return answer.ok;
      },
      () => false,
    );
  }
}
