import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/kernel';
import { findProgram } from './find-program.ts';
import { ServerDidNotStart } from './guarded-process.ts';

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/millrace', import.meta.url));
const JAVA_MAJOR_MIN = 17;
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/** `group:artifact:version`. */
export type Artifact = `${string}:${string}:${string}`;

const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;

function projectOf(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, id, version] = artifact.split(':') as [string, string, string];
    return element('dependency', element('groupId', group) + element('artifactId', id) + element('version', version));
  });
  const own = element('groupId', 'test') + element('artifactId', 'server') + element('version', '1');
  return element(
    'project',
    `${element('modelVersion', '4.0.0')}${own}${element('packaging', 'pom')}${element('dependencies', dependencies.join(''))}`,
  );
}

/**
 * Class path of a server written in Java: its jars and all they need, fetched by Maven once and kept.
 * @param server name for messages and the folder
 * @throws MillraceError `testing.server_did_not_start` when Java or Maven is missing, or Maven can't fetch them
 */
export async function mavenJars(server: string, artifacts: readonly Artifact[]): Promise<string> {
  const folder = await fetchedOnce(server, artifacts.join('\n'), (partial) => {
    const project = join(partial, 'pom.xml');
    writeFileSync(project, projectOf(artifacts));
    return ['-f', project, `${PLUGIN}:copy-dependencies`, `-DoutputDirectory=${join(partial, 'content')}`];
  });
  return join(folder, '*');
}

/**
 * Folder with what an archive holds, fetched by Maven once and kept.
 * @param artifact `group:artifact:version:type:classifier`
 * @throws MillraceError `testing.server_did_not_start`
 */
export const mavenArchive = (server: string, artifact: string): Promise<string> =>
  fetchedOnce(server, artifact, (partial) => [
    `${PLUGIN}:unpack`,
    `-Dartifact=${artifact}`,
    `-DoutputDirectory=${join(partial, 'content')}`,
  ]);

/** @param argumentsOf what Maven is to do so that `content` of the folder is filled */
async function fetchedOnce(
  server: string,
  what: string,
  argumentsOf: (partial: string) => readonly string[],
): Promise<string> {
  const hash = createHash('sha256').update(what).digest('hex').slice(0, 8);
  const folder = join(CACHE, `${server}-${hash}`);
  if (existsSync(folder)) return folder;
  const maven = findProgram('mvn');
  if (maven === undefined) {
    throw new MillraceError(ServerDidNotStart, {
      message: `the jars of ${server} are not here, and no Maven is`,
      mend: 'Install Maven and Java 17 or newer (Debian: apt-get install maven), or set the address of a running server in the environment.',
    });
  }
  mkdirSync(CACHE, { recursive: true });
  // Fetched aside and renamed, so that two starts at once never see half of them.
  const partial = mkdtempSync(`${folder}-`);
  try {
    await run(maven, ['-q', '-B', ...argumentsOf(partial)], { cwd: partial });
    if (!existsSync(folder)) renameSync(join(partial, 'content'), folder);
    return folder;
  } catch (error) {
    const { stdout = '' } = error as { readonly stdout?: string };
    const reason = stdout.split('\n').find((line) => line.startsWith('[ERROR]')) ?? String(error);
    throw new MillraceError(ServerDidNotStart, { message: `Maven could not fetch the jars of ${server}: ${reason}` });
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/**
 * A Java runtime that is new enough.
 * @throws MillraceError `testing.server_did_not_start`
 */
export async function javaProgram(): Promise<string> {
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
    message: `no Java runtime of version ${JAVA_MAJOR_MIN} or newer was found`,
    mend: `Install one (Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME.`,
  });
}
