import { type Finding, Findings } from './findings.ts';
import type { ShownRow, Target } from './outside/target.ts';
import type { SimulatedWorld } from './simulated-world.ts';

const EXAMPLES_MAX = 3;

/** INV-6 to INV-8: what the disturbed run shows at its end. */
export function checkShown(undisturbed: SimulatedWorld, disturbed: SimulatedWorld): readonly Finding[] {
  const findings = new Findings();
  for (const [name, { shown }] of undisturbed.targets) {
    const target = disturbed.targets.get(name)!;
    checkSame(findings, 'INV-6', name, shown, target.shown);
    checkOrder(findings, target);
    checkUnique(findings, target);
  }
  return findings.list;
}

/** INV-11: from any committed snapshot on, the rest of an undisturbed run follows. */
export function checkCut(
  undisturbed: SimulatedWorld,
  continued: SimulatedWorld,
  snapshotId: number,
): readonly Finding[] {
  const findings = new Findings();
  for (const [name, { shown }] of undisturbed.targets) {
    const target = continued.targets.get(name)!;
    checkSame(findings, 'INV-11', `${name}, continued from snapshot ${snapshotId}`, shown, target.shown);
    checkOrder(findings, target);
  }
  return findings.list;
}

function checkSame(
  findings: Findings,
  invariant: Finding['invariant'],
  name: string,
  expected: readonly ShownRow[],
  actual: readonly ShownRow[],
): void {
  const counts = new Map<string, number>();
  for (const { row } of expected) add(counts, textOf(row), 1);
  for (const { row } of actual) add(counts, textOf(row), -1);
  const missing = [...counts].filter(([, count]) => count > 0);
  const extra = [...counts].filter(([, count]) => count < 0);
  const examples = (rows: readonly [string, number][]): string =>
    rows
      .slice(0, EXAMPLES_MAX)
      .map(([text, count]) => `${text} (${Math.abs(count)})`)
      .join(' ');
  if (missing.length > 0) findings.add(invariant, `${name}: ${missing.length} rows are missing: ${examples(missing)}`);
  if (extra.length > 0) findings.add(invariant, `${name}: ${extra.length} rows are too many: ${examples(extra)}`);
}

function checkOrder(findings: Findings, { name, shown, checks: { order } }: Target): void {
  if (order === undefined) return;
  const newest = new Map<unknown, number>();
  for (const { row } of shown) {
    const key = order.keyOf(row);
    const at = order.orderOf(row);
    const before = newest.get(key);
    if (before !== undefined && at <= before) {
      findings.add('INV-8', `${name}: key ${String(key)} shows ${at} after ${before}`);
    }
    newest.set(key, at);
  }
}

function checkUnique(findings: Findings, { name, shown, checks: { unique } }: Target): void {
  if (unique === undefined) return;
  const seen = new Set<string>();
  for (const { row } of shown) {
    const id = unique(row);
    if (seen.has(id)) findings.add('INV-7', `${name}: ${id} is shown twice`);
    seen.add(id);
  }
}

const textOf = (row: unknown): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));

function add(counts: Map<string, number>, text: string, delta: number): void {
  counts.set(text, (counts.get(text) ?? 0) + delta);
}
