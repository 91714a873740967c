import { printable, tableLines } from '../table.ts';
import type { Letter, LetterDetail, LetterGroup, LetterRecord, Outcome } from './answers.ts';

/** Keys and refusals that a summary lists. */
const LISTED_MAX = 10;

const OPERATIONS: Readonly<Record<string, string>> = {
  c: 'created',
  u: 'updated',
  d: 'deleted',
  r: 'read by the initial load',
  t: 'table truncated',
};

const keyText = (key: Readonly<Record<string, string | null>>): string =>
  Object.entries(key)
    .map(([column, value]) => `${column}=${value ?? 'NULL'}`)
    .join(' ');

const marks = ({ state, isParked, isEdited }: Letter): string =>
  [state, ...(isParked ? ['parked'] : []), ...(isEdited ? ['edited'] : [])].join(', ');

/** Seconds are enough to read. */
const time = (iso: string): string => iso.replace(/\.\d+Z$/, 'Z');

const plural = (count: number, thing: string): string =>
  `${count.toLocaleString('en-US')} ${thing}${count === 1 ? '' : 's'}`;

export function listLines(letters: readonly Letter[], hasMore: boolean): readonly string[] {
  if (letters.length === 0) return ['no dead letters'];
  const rows = letters.map((letter) => [
    letter.id,
    marks(letter),
    letter.reason,
    letter.table,
    keyText(letter.key),
    String(letter.attempts),
    time(letter.lastAt),
    letter.message,
  ]);
  const header = ['LETTER', 'STATE', 'REASON', 'TABLE', 'KEY', 'TRIES', 'LAST TRY', 'MESSAGE'];
  return [...tableLines(header, rows), ...(hasMore ? ['… and more: raise --limit, or filter'] : [])];
}

export function groupLines(groups: readonly LetterGroup[]): readonly string[] {
  if (groups.length === 0) return ['no dead letters'];
  const rows = groups.map(({ stage, reason, table, counts, firstAt, lastAt, newest }) => [
    stage,
    reason,
    table,
    ...(['open', 'replaying', 'replayed', 'discarded'] as const).map((state) => String(counts[state])),
    time(firstAt),
    time(lastAt),
    newest,
  ]);
  const header = ['STAGE', 'REASON', 'TABLE', 'OPEN', 'REPLAYING', 'REPLAYED', 'DISCARDED', 'FIRST', 'LAST', 'NEWEST'];
  return tableLines(header, rows);
}

/** A value as the record has it; an absent one was not resent because it did not change. */
function valueText(record: LetterRecord | null, side: 'before' | 'after', column: string): string {
  const value = record?.[side]?.[column];
  return value === undefined ? '' : value === null ? 'NULL' : JSON.stringify(value);
}

export function letterLines(letter: LetterDetail): readonly string[] {
  const { event, edited, position, heldBy } = letter;
  const sides = [
    ['before', event, 'before'],
    ['after', event, 'after'],
    ...(edited === null
      ? []
      : [['edited before', edited, 'before'] as const, ['edited after', edited, 'after'] as const]),
  ] as const;
  const rows = event.schema.columns.map(({ name, key }) => [
    `${name}${key ? ' (key)' : ''}`,
    ...sides.map(([, record, side]) => valueText(record, side, name)),
  ]);
  const operation = (record: LetterRecord): string => OPERATIONS[record.op] ?? record.op;
  return [
    `${letter.id}  ${marks(letter)}`,
    printable(`${letter.reason}: ${letter.message}`),
    ...(letter.mend === null ? [] : [printable(letter.mend)]),
    printable(`${operation(event)} in ${letter.table}, key ${keyText(letter.key)}`) +
      (edited === null || edited.op === event.op ? '' : `; edited: ${operation(edited)}`),
    position === null ? 'of the initial load' : `at ${position.commitLsn}, change ${position.index} of its transaction`,
    `${plural(letter.attempts, 'try').replace('trys', 'tries')}, first ${time(letter.firstAt)}, last ${time(letter.lastAt)}`,
    ...(heldBy.length === 0 ? [] : [`waits for ${heldBy.join(', ')} of the same key`]),
    ...tableLines(['COLUMN', ...sides.map(([title]) => title.toUpperCase())], rows),
  ];
}

/**
 * What a request did, or would do.
 * @param verb what happens to letters, such as `replayed`
 */
export function outcomeLines(
  outcome: Outcome,
  verb: string,
  { dryRun }: { readonly dryRun: boolean },
): readonly string[] {
  const { letters, keyCount, stages, keys, hasMore, hinderedCount, hindered } = outcome;
  const be = dryRun ? 'would be' : letters === 1 ? 'is' : 'are';
  const lines = [
    letters === 0 && hinderedCount === 0
      ? `no letter ${dryRun ? 'would be' : 'is'} ${verb}`
      : `${plural(letters, 'letter')} of ${plural(keyCount, 'key')} ${be} ${verb}`,
  ];
  for (const stage of stages) {
    const parked = stage.parked === 0 ? '' : `, ${stage.parked.toLocaleString('en-US')} of them parked`;
    lines.push(`  ${stage.stage}: ${plural(stage.letters, 'letter')}${parked}`);
  }
  if (dryRun) {
    const rows = keys
      .slice(0, LISTED_MAX)
      .map(({ stage, table, key, letters: count, first, last }) => [
        stage,
        table,
        keyText(key),
        String(count),
        first,
        last,
      ]);
    if (rows.length > 0) lines.push(...tableLines(['STAGE', 'TABLE', 'KEY', 'LETTERS', 'FIRST', 'LAST'], rows));
    if (keyCount > rows.length) lines.push(`… and ${plural(keyCount - rows.length, 'more key')}`);
  }
  if (hinderedCount > 0) {
    lines.push(`it would be refused for ${plural(hinderedCount, 'letter')}:`);
    lines.push(...hindered.slice(0, LISTED_MAX).map(({ detail }) => `  ${printable(detail)}`));
    if (hinderedCount > LISTED_MAX) lines.push(`  … and ${hinderedCount - LISTED_MAX} more`);
  }
  if (hasMore) lines.push('there are more than one request takes: say it again for the next ones');
  return lines;
}
