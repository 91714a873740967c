import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { type Artifact, javaProgram, mavenJars } from './maven-jars.ts';
import { memoryFolder } from './memory-folder.ts';

/** The newest that runs on Java 17. */
const VERSION = '2.19.6';
const ARTIFACTS: readonly Artifact[] = [
  `org.opensearch:opensearch:${VERSION}`,
  `org.opensearch.plugin:transport-netty4-client:${VERSION}`,
  'org.apache.logging.log4j:log4j-core:2.25.4',
];
const START_WAIT_MS_MAX = 90_000;

/** The jars have no program of their own that starts without an installation. Arguments: directory and port. */
const PROGRAM = `
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

public class OneNode extends Node {
  OneNode(Environment environment) {
    super(environment, List.of(Netty4Plugin.class), true);
  }

  public static void main(String[] arguments) throws Exception {
    Settings.Builder settings = Settings.builder()
      .put("path.home", arguments[0]).put("http.port", arguments[1]).put("transport.port", "0").put("network.host", "127.0.0.1")
      .put("cluster.name", "test").put("discovery.type", "single-node").put("http.type", "netty4").put("transport.type", "netty4")
      .put("cluster.routing.allocation.disk.threshold_enabled", false).put("node.processors", 2)
      .put("http.max_content_length", "10mb");
    new OneNode(InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), null, () -> "test")).start();
    Thread.sleep(Long.MAX_VALUE);
  }
}
`;

/** A private OpenSearch node in a temporary directory, on a free loopback port, without login. It starts in six seconds. */
export class OpensearchServer extends LocalServer {
  readonly port: number;

  private constructor(port: number, directory: string) {
    super(directory);
    this.port = port;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<OpensearchServer> {
    const directory = mkdtempSync(join(memoryFolder(), 'millrace-opensearch-'));
    return new OpensearchServer(await freePort(), directory).begin();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  override async up(): Promise<void> {
    const program = await javaProgram();
    const classPath = await mavenJars('opensearch', ARTIFACTS);
    const source = join(this.directory, 'OneNode.java');
    writeFileSync(source, PROGRAM);
    const java = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-cp', classPath];
    await this.launch({
      name: 'OpenSearch',
      program,
      args: [...java, source, join(this.directory, 'node'), String(this.port)],
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
  }

  #answers(): Promise<boolean> {
    return fetch(`${this.url}/_cluster/health`).then(
      async (answer) => {
        await answer.body?.cancel();
        return answer.ok;
      },
      () => false,
    );
  }
}
