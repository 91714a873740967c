import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

export interface BenchResult {
  readonly bench: string;
  /** Ours ÷ yardstick, medians of alternating runs. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly figures: Readonly<Record<string, unknown>>;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

/** Prints the result as the one JSON line that ends every bench. */
export function printResult(result: BenchResult, versions: Readonly<Record<string, string>>): void {
  console.log(resultLine(result, versions).line);
}

/** That line, and the commit it is a result of. */
export function resultLine(
  result: BenchResult,
  versions: Readonly<Record<string, string>>,
): { readonly line: string; readonly commit: string } {
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  const ratios = Object.fromEntries(Object.entries(result.ratios).map(([name, value]) => [name, rounded(value)]));
  const { bench, figures } = result;
  const line = { bench, ratios, figures, machine, versions: { node: process.version, ...versions }, commit };
  return { line: JSON.stringify(line), commit };
}

/** Runs ours and the yardstick in turn and gives the median of each, in rows per second. */
export async function alternate(
  label: string,
  rounds: number,
  ours: () => Promise<number>,
  yardstick: () => Promise<number>,
): Promise<{ readonly ours: number; readonly yardstick: number; readonly ratio: number }> {
  const figures: { ours: number[]; yardstick: number[] } = { ours: [], yardstick: [] };
  for (let round = 1; round <= rounds; round++) {
    figures.yardstick.push(await yardstick());
    figures.ours.push(await ours());
    console.log(
      `${label} round ${round}/${rounds}: ours ${Math.round(figures.ours.at(-1)!)} rows/s, yardstick ${Math.round(figures.yardstick.at(-1)!)} rows/s`,
    );
  }
  const [a, b] = [median(figures.ours), median(figures.yardstick)];
  return { ours: Math.round(a), yardstick: Math.round(b), ratio: a / b };
}
