import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { countsChecksum } from './reference.ts';
import type { Latency, MeasuredRun, Restarts, RunReport, Snapshots } from './run-report.ts';
import { watched } from './watched-process.ts';
import { isLatency, type Workload } from './workloads.ts';

export type Collector = 'G1' | 'Parallel';

const MISSING = `the yardstick is missing: a folder with the Hazelcast Jet harness (run.sh and target/jet-baseline.jar), as
bench/nexmark/README.md describes it. Name it with --jet DIR or MILLRACE_BENCH_JET, and build it once with "./run.sh build"
(Java 17 or newer and Maven).`;

/** The folder of the Jet harness, built. */
export function jetFolder(option: string | undefined): string {
  const folder = option ?? process.env['MILLRACE_BENCH_JET'];
  if (folder === undefined || !existsSync(join(folder, 'run.sh'))) throw new Error(MISSING);
  if (!existsSync(join(folder, 'target/jet-baseline.jar'))) throw new Error(`${folder} is not built. ${MISSING}`);
  return folder;
}

export interface JetRun {
  readonly collector: Collector;
  /** Measured runs after the one that warms up, where nothing is paced. */
  readonly runs: number;
  /** The heap grows as needed instead of being there from the start: for the comparison of memory. */
  readonly isHeapGrowing: boolean;
}

/** Runs a workload on Jet in a JVM of its own. */
export async function runJet(folder: string, workload: Workload, run: JetRun): Promise<MeasuredRun> {
  const options = [`-Dn=${workload.n}`, `-Druns=${run.runs}`, `-Dwarm=${workload.warmSeconds}`];
  options.push(`-Dmeasured=${workload.measuredSeconds}`, `-Dseconds=${workload.n / workload.eventsPerSecond}`);
  if (run.isHeapGrowing) options.push('-Xms64m', '-XX:-AlwaysPreTouch');
  const env = { ...process.env, GC: `-XX:+Use${run.collector}GC`, OPTS: options.join(' ') };
  const { stdout, ...figures } = await watched(join(folder, 'run.sh'), argumentsOf(workload), { cwd: folder, env });
  return { ...parse(workload, stdout), ...figures };
}

function argumentsOf({ pipeline, keys, rate, guarantee, ...workload }: Workload): string[] {
  if (workload.measuredSeconds > 0) {
    return ['D', String(keys), String(rate), guarantee === 'none' ? 'NONE' : 'EXACTLY_ONCE'];
  }
  switch (pipeline) {
    case 'stateless':
      return ['A'];
    case 'window':
      return ['B', String(keys)];
    case 'join':
      return ['C'];
    case 'join-counts':
      return ['C2'];
    case 'rolling':
      return ['E'];
  }
}

/** All numbers that `pattern` captures. */
const all = (text: string, pattern: RegExp): number[] => [...text.matchAll(pattern)].map((match) => Number(match[1]));

function one(text: string, pattern: RegExp): string {
  const match = pattern.exec(text);
  if (match === null) throw new Error(`Jet printed nothing like ${pattern}:\n${text}`);
  return match[1]!;
}

function parse(workload: Workload, text: string): RunReport {
  if (workload.pipeline === 'rolling') return parseRestarts(workload, text);
  return isLatency(workload) ? parseLatency(workload, text) : parseThroughput(workload, text);
}

const outcome = (text: string) => ({
  outputs: Number(one(text, /outputs=(\d+)/)),
  sum: Number(one(text, /sum=(\d+)/)),
  checksum: one(text, /checksum=([0-9a-f]{8})/),
});

const cpuOf = (line: string): number => Number(one(line, / cpu=([\d.]+)s/));

function parseThroughput(workload: Workload, text: string): RunReport {
  const lines = text.split('\n').filter((line) => / run\d+ n=/.test(line));
  if (lines.length === 0) throw new Error(`Jet printed no run:\n${text}`);
  const runs = lines.map((line) => Number(one(line, / seconds=([\d.]+)/)));
  const checksums = new Set(lines.map((line) => outcome(line).checksum));
  if (checksums.size > 1) throw new Error(`Jet's runs differ:\n${text}`);
  const seconds = [...runs].sort((a, b) => a - b)[runs.length >> 1]!;
  const line = lines[runs.indexOf(seconds)]!;
  const { name, n } = workload;
  return { workload: name, n, seconds, rate: n / seconds, runs, cpuSeconds: cpuOf(line), ...outcome(line) };
}

function parseLatency(workload: Workload, text: string): RunReport {
  const line = one(text, /^(RESULT D .*)$/m);
  const ms = (label: string): number => Number(one(line, new RegExp(` ${label.replace('.', '\\.')}=([\\d.]+)`)));
  const latency: Latency = {
    count: Number(one(line, /results=(\d+)/)),
    p50: ms('p50'),
    p90: ms('p90'),
    p99: ms('p99'),
    p999: ms('p99.9'),
    p9999: ms('p99.99'),
    max: ms('max'),
    lastOfWindowP50: Number(one(line, /last-of-window p50=([\d.]+)/)),
  };
  const { name, n } = workload;
  const seconds = n / workload.rate;
  const snapshots = parseSnapshots(text);
  const rest = { cpuSeconds: cpuOf(line), ...outcome(one(text, /^(D .* all outputs=.*)$/m)) };
  return { workload: name, n, seconds, rate: workload.rate, runs: [seconds], ...rest, latency, snapshots };
}

/** Absent in a run so short that the harness has thrown all of them away. */
function parseSnapshots(text: string): Snapshots | undefined {
  const line = /^.* snapshots=.*$/m.exec(text)?.[0];
  if (line === undefined) return undefined;
  return {
    count: Number(one(line, /snapshots=(\d+)/)),
    medianMs: Number(one(line, /median=(\d+)/)),
    maxMs: Number(one(line, /max=(\d+)/)),
    bytes: Number(one(line, /last: (\d+) bytes/)),
  };
}

function parseRestarts(workload: Workload, text: string): RunReport {
  const restarts: Restarts = {
    restartMs: all(text, /restart\(\)#.*first output (\d+) ms/g),
    caughtUpMs: all(text, /restart\(\)#.*its schedule (\d+) ms/g),
    suspendMs: all(text, /-> SUSPENDED (\d+) ms/g),
    resumeMs: all(text, /resume\(\) -> first output (\d+) ms/g),
  };
  const { name, n, keys, rate } = workload;
  const seconds = n / rate;
  const seen = one(text, /final count -> keys \{([^}]*)\}/);
  // Every key must have the same count, or this is not the reference's checksum.
  const [count, ofKeys] = seen.split('=').map(Number);
  const isExact = ofKeys === keys;
  const checksum = isExact ? countsChecksum(new Int32Array(keys).fill(count!)) : `counts ${seen}`;
  const snapshots = parseSnapshots(text);
  // The harness does not say what the job alone took of the CPU.
  const rest = { cpuSeconds: 0, outputs: n, sum: n, checksum };
  return { workload: name, n, seconds, rate, runs: [seconds], ...rest, snapshots, restarts };
}

/** Of the Jet library beside the harness, and of Java. */
export function jetVersions(folder: string): Readonly<Record<string, string>> {
  const library = readdirSync(join(folder, 'target/lib')).find((name) => /^hazelcast-\d.*\.jar$/.test(name));
  const java = process.env['JAVA_HOME'] === undefined ? 'java' : join(process.env['JAVA_HOME'], 'bin/java');
  const { stderr } = spawnSync(java, ['-version'], { encoding: 'utf8' });
  return {
    hazelcast: library?.replace(/^hazelcast-|\.jar$/g, '') ?? 'unknown',
    java: stderr.split('\n')[1]?.trim() ?? 'unknown',
  };
}
