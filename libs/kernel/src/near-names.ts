const DISTANCE_MAX = 3;
const SUGGESTIONS_MAX = 3;
/** Longer names are not compared: the table of distances grows with the product of the lengths. */
const LENGTH_MAX = 256;

/** Edits (insert, delete, replace, swap of neighbours) between two words; optimal string alignment distance. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** The known names most like a mistyped one, nearest first: at most three, each within three edits and half the word. */
export function nearNames(name: string, known: Iterable<string>): readonly string[] {
  const wanted = name.slice(0, LENGTH_MAX).toLowerCase();
  return [...known]
    .filter((candidate) => candidate.length <= LENGTH_MAX)
    .map((candidate) => ({ candidate, edits: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.min(DISTANCE_MAX, Math.ceil(candidate.length / 2)))
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate, 'en'))
    .slice(0, SUGGESTIONS_MAX)
    .map(({ candidate }) => candidate);
}

/** A sentence for `mend`: the near names, else the known ones (at most twenty), else that there are none. */
export function suggestNames(kind: string, name: string, known: readonly string[]): string {
  const quoted = (names: readonly string[]): string => names.map((near) => `"${near}"`).join(', ');
  const near = nearNames(name, known);
  if (near.length > 0) return `Did you mean ${quoted(near)}?`;
  if (known.length === 0) return `There is no ${kind} yet.`;
  return `Known: ${quoted(known.slice(0, 20))}${known.length > 20 ? ` and ${known.length - 20} more` : ''}.`;
}
