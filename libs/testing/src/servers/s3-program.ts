import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/kernel';
import { findProgram } from './find-program.ts';
import { ServerDidNotStart } from './guarded-process.ts';

const run = promisify(execFile);

/** S3Proxy needs this Java or a newer one. */
const JAVA_MAJOR_MIN = 17;
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/millrace/s3-4.1.0', import.meta.url));
const MEND = `Install a Java runtime (${JAVA_MAJOR_MIN} or newer) and Maven (mvn, needed once), or set TEST_S3_URL to a running server, such as http://KEY:SECRET@127.0.0.1:9000.`;

/** What Maven is asked for. S3Proxy 4.1.0 resolves older annotations of Jackson and then misses a class of these when it starts. */
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace.test</groupId>
  <artifactId>s3-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.gaul</groupId><artifactId>s3proxy</artifactId><version>4.1.0</version></dependency>
    <dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-annotations</artifactId><version>2.21</version></dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-dependency-plugin</artifactId>
        <version>3.8.1</version>
        <configuration><outputDirectory>\${project.basedir}/jars</outputDirectory></configuration>
      </plugin>
    </plugins>
  </build>
</project>
`;

async function javaProgram(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  for (const program of [home === undefined ? undefined : join(home, 'bin', 'java'), findProgram('java')]) {
    if (program === undefined) continue;
    // It prints its version to the error stream: `openjdk version "17.0.15" ...`.
    const text = await run(program, ['-version']).then(
      ({ stderr }) => stderr,
      () => '',
    );
    if (Number(/version "(\d+)/.exec(text)?.[1] ?? 0) >= JAVA_MAJOR_MIN) return program;
  }
  throw new MillraceError(ServerDidNotStart, {
    message: `no Java runtime of version ${JAVA_MAJOR_MIN} or newer was found for the S3 server`,
    mend: MEND,
  });
}

async function downloadJars(): Promise<void> {
  const maven = findProgram('mvn');
  if (maven === undefined)
    throw new MillraceError(ServerDidNotStart, { message: 'no Maven was found to get the S3 server', mend: MEND });
  mkdirSync(join(CACHE, '..'), { recursive: true });
  // Filled aside and renamed, so that two starts at once never see half a server.
  const partial = mkdtempSync(`${CACHE}-`);
  try {
    writeFileSync(join(partial, 'pom.xml'), POM);
    await run(maven, ['-q', '-B', '-f', join(partial, 'pom.xml'), 'dependency:copy-dependencies']);
    if (!existsSync(CACHE)) renameSync(partial, CACHE);
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    const lines = (stdout ?? String(error)).trim().split('\n').slice(0, 3).join('\n');
    throw new MillraceError(ServerDidNotStart, { message: `Maven could not get the S3 server: ${lines}`, mend: MEND });
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/**
 * S3Proxy on Java: the program and its first arguments; options of its own follow. The jars are got by Maven once.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export async function s3Program(): Promise<{ readonly program: string; readonly args: readonly string[] }> {
  const program = await javaProgram();
  const jars = join(CACHE, 'jars');
  if (!existsSync(jars)) await downloadJars();
  // It lives for minutes: quick to start matters more than quick in the end.
  return { program, args: ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, 'org.gaul.s3proxy.Main'] };
}
