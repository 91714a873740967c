/** Most names suggested. */
const NAMES_MAX = 3;

/** Edits (insert, delete, replace a character) from one text to another. Wagner and Fischer, 1974. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The known names that look like `name`, nearest first. */
export function nearNames(name: string, known: readonly string[]): readonly string[] {
  const wanted = name.toLowerCase();
  const bareName = wanted.slice(wanted.indexOf('.') + 1);
  const farthest = Math.max(2, Math.floor(wanted.length / 3));
  return known
    .map((candidate) => {
      const text = candidate.toLowerCase();
      const sameTable = text.slice(text.indexOf('.') + 1) === bareName;
      return { candidate, edits: sameTable ? 0 : distance(wanted, text) };
    })
    .filter(({ edits }) => edits <= farthest)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, NAMES_MAX)
    .map(({ candidate }) => candidate);
}
