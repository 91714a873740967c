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

/** Parts shorter than this are in too many names to mean anything. */
const PART_LENGTH_MIN = 3;

/** One is a part of the other (`order` and `orders_2`), or both are the same behind a schema (`sales.orders`, `public.orders`). */
function isPart(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length >= PART_LENGTH_MIN && long.includes(short)) return true;
  const tail = a.slice(a.indexOf('.') + 1);
  return a.includes('.') && tail.length >= PART_LENGTH_MIN && tail === b.slice(b.indexOf('.') + 1);
}

/** The known names most like a mistyped one, nearest first: at most three, each a part of the other or within three edits and half the word. */
export function nearNames(name: string, known: Iterable<string>): readonly string[] {
  const wanted = name.slice(0, LENGTH_MAX).toLowerCase();
  return [...known]
    .filter((candidate) => candidate.length <= LENGTH_MAX)
    .map((candidate) => {
      const lower = candidate.toLowerCase();
      return { candidate, edits: isPart(wanted, lower) ? 1 : distance(wanted, lower) };
    })
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
