import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { type Artifact, javaProgram, mavenJars } from './maven-jars.ts';
import { memoryFolder } from './memory-folder.ts';

const ARTIFACTS: readonly Artifact[] = [
  'org.apache.hadoop:hadoop-client-minicluster:3.4.2',
  // Java has had none of its own since version 11.
  'javax.xml.bind:jaxb-api:2.3.1',
];
const START_WAIT_MS_MAX = 90_000;

/** Hadoop's own cluster for tests. Arguments: directory and port of the NameNode. */
const PROGRAM = `
import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;

public class OneDataNode {
  public static void main(String[] arguments) throws Exception {
    Configuration configuration = new Configuration();
    configuration.set("dfs.namenode.http-bind-host", "127.0.0.1");
    MiniDFSCluster cluster = new MiniDFSCluster.Builder(configuration, new File(arguments[0]))
      .numDataNodes(1).nameNodeHttpPort(Integer.parseInt(arguments[1])).build();
    cluster.waitActive();
    cluster.getFileSystem().mkdirs(new Path("/tmp/started"));
    Thread.sleep(Long.MAX_VALUE);
  }
}
`;

/** A private HDFS of one NameNode and one DataNode in a temporary directory, without Kerberos, reached by WebHDFS. It starts in nine seconds. */
export class HdfsServer extends LocalServer {
  readonly port: number;

  private constructor(port: number, directory: string) {
    super(directory);
    this.port = port;
  }

  /** @throws MillraceError `testing.server_did_not_start` */
  static async start(): Promise<HdfsServer> {
    return new HdfsServer(await freePort(), mkdtempSync(join(memoryFolder(), 'millrace-hdfs-'))).begin();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  override async up(): Promise<void> {
    const program = await javaProgram();
    const classPath = await mavenJars('hdfs', ARTIFACTS);
    const source = join(this.directory, 'OneDataNode.java');
    writeFileSync(source, PROGRAM);
    const java = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-cp', classPath];
    await this.launch({
      name: 'HDFS',
      program,
      args: [...java, source, join(this.directory, 'data'), String(this.port)],
      answers: () => this.#answers(),
      waitMs: START_WAIT_MS_MAX,
    });
  }

  /** The DataNode is there, too. */
  #answers(): Promise<boolean> {
    return fetch(`${this.url}/webhdfs/v1/tmp/started?op=GETFILESTATUS`).then(
      async (answer) => {
        await answer.body?.cancel();
        return answer.ok;
      },
      () => false,
    );
  }
}
