import { javaProgram, mavenJars } from './maven-jars.ts';

/** S3Proxy 4.1.0 resolves older annotations of Jackson and then misses a class of these when it starts. */
const ARTIFACTS = ['org.gaul:s3proxy:4.1.0', 'com.fasterxml.jackson.core:jackson-annotations:2.21'] as const;

/**
 * S3Proxy on Java: the program and its first arguments; options of its own follow.
 * @throws MillraceError `testing.server_did_not_start` with what to install.
 */
export async function s3Program(): Promise<{ readonly program: string; readonly args: readonly string[] }> {
  const program = await javaProgram();
  const jars = await mavenJars('s3', ARTIFACTS);
  // It lives for minutes: quick to start matters more than quick in the end.
  return { program, args: ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', jars, 'org.gaul.s3proxy.Main'] };
}
