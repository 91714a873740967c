import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { type Artifact, javaProgram, mavenJars } from './maven-jars.ts';

const VERSION = '2.40.0';
const ARTIFACTS: readonly Artifact[] = [
  `org.apache.activemq:artemis-server:${VERSION}`,
  `org.apache.activemq:artemis-amqp-protocol:${VERSION}`,
];
const START_WAIT_MS_MAX = 90_000;
/** What a peer sends first that speaks AMQP 1.0, behind SASL (part 2, section 2.2, and part 5, section 5.3.1 of the specification). */
const SASL_HEADER = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');

/** Who may log in, beside those who are anonymous. */
export const AMQP_USER = { user: 'millrace', password: 'not-a-secret' };

/** Java runs a single source file by itself; the broker has no main class without its command line. */
const MAIN = `
import java.util.Set;
import org.apache.activemq.artemis.core.security.CheckType;
import org.apache.activemq.artemis.core.security.Role;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.spi.core.security.ActiveMQSecurityManager;

public class Main implements ActiveMQSecurityManager {
  public boolean validateUser(String user, String password) {
    return user == null || (user.equals("${AMQP_USER.user}") && "${AMQP_USER.password}".equals(password));
  }

  public boolean validateUserAndRole(String user, String password, Set<Role> roles, CheckType check) {
    return validateUser(user, password);
  }

  public static void main(String[] arguments) throws Exception {
    EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
    broker.setConfigResourcePath(new java.io.File(arguments[0]).toURI().toString());
    broker.setSecurityManager(new Main());
    broker.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> { try { broker.stop(); } catch (Exception ignored) { } }));
    Thread.sleep(Long.MAX_VALUE);
  }
}
`;

const configOf = (port: number, data: string): string => `
<configuration xmlns="urn:activemq"><core xmlns="urn:activemq:core">
  <persistence-enabled>true</persistence-enabled>
  <journal-type>NIO</journal-type>
  <security-enabled>true</security-enabled>
  <journal-directory>${data}/journal</journal-directory>
  <bindings-directory>${data}/bindings</bindings-directory>
  <paging-directory>${data}/paging</paging-directory>
  <large-messages-directory>${data}/large</large-messages-directory>
  <journal-min-files>2</journal-min-files>
  <journal-file-size>4M</journal-file-size>
  <acceptors><acceptor name="amqp">tcp://127.0.0.1:${port}?protocols=AMQP</acceptor></acceptors>
  <address-settings>
    <address-setting match="#">
      <dead-letter-address>dead</dead-letter-address>
      <default-address-routing-type>ANYCAST</default-address-routing-type>
      <default-queue-routing-type>ANYCAST</default-queue-routing-type>
    </address-setting>
  </address-settings>
</core></configuration>
`;

/** A private broker (ActiveMQ Artemis) that speaks AMQP 1.0, in a temporary directory, on a free loopback port. It makes addresses by itself, and takes `AMQP_USER` and whoever is anonymous. */
export class ArtemisServer extends LocalServer {
  readonly port: number;

  private constructor(port: number, directory: string) {
    super(directory);
    this.port = port;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<ArtemisServer> {
    const server = new ArtemisServer(await freePort(), mkdtempSync(join(tmpdir(), 'millrace-artemis-')));
    return server.begin();
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  override async up(): Promise<void> {
    const program = await javaProgram();
    const jars = await mavenJars('artemis', ARTIFACTS);
    const main = join(this.directory, 'Main.java');
    const config = join(this.directory, 'broker.xml');
    writeFileSync(main, MAIN);
    writeFileSync(config, configOf(this.port, join(this.directory, 'data')));
    const java = ['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
    await this.launch({
      name: 'Artemis',
      program,
      args: [...java, '-cp', jars, main, config],
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
  }

  /** It greets back when queues and messages are there. */
  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(SASL_HEADER));
      const end = (isUp: boolean): void => {
        socket.destroy();
        resolve(isUp);
      };
      socket.once('data', (data) => end(data.subarray(0, 4).toString('latin1') === 'AMQP'));
      socket.once('error', () => end(false));
      socket.once('close', () => resolve(false));
    });
  }
}
