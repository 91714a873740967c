import type { EntityManager } from 'typeorm';
import { type DeadLetterState, type JobRef, letterId } from './dead-letter.ts';
import { type LetterSelection, lettersSql, Parameters, selectionSql } from './dead-letter-filter.ts';
import type { ChosenLetter, Hindrance } from './dead-letter-plan.ts';
import { keySql } from './dead-letter-rows.ts';
import { namedLetters, unknownLetters } from './errors.ts';

/** Letters that one request changes; what is left is for the next. */
export const LETTERS_PER_REQUEST_MAX = 10_000;
const HELD_BY_MAX = 10;

export interface Choice {
  readonly letters: readonly ChosenLetter[];
  readonly hasMore: boolean;
}

/**
 * Commands of people to one job come one after the other, until the transaction ends. The job itself does not wait: it only adds letters, which are
 * later than all others of their key, and changes those that are `replaying`.
 */
export async function lockCommands(manager: EntityManager, jobId: string): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('millrace.dead_letter/' || $1, 0))`, [jobId]);
}

/**
 * Letters named that are in another state than wanted.
 * @throws MillraceError `dead_letter.unknown`
 */
export async function inWrongState(
  manager: EntityManager,
  job: JobRef,
  selection: LetterSelection,
  wanted: DeadLetterState,
): Promise<readonly Hindrance[]> {
  if ('filter' in selection) return [];
  const parameters = new Parameters();
  const id = parameters.add(job.id);
  const rows = await manager.query<{ stage: string; number: string; state: DeadLetterState }[]>(
    `SELECT stage, number, state FROM millrace.dead_letter letter
     WHERE job_id = ${id} AND ${selectionSql(selection, parameters)} ORDER BY stage, number`,
    parameters.values,
  );
  const found = new Set(rows.map(({ stage, number }) => `${stage}.${number}`));
  const unknown = selection.ids.map(letterId).filter((name) => !found.has(name));
  if (unknown.length > 0) throw unknownLetters(job.name, unknown);
  return rows
    .filter(({ state }) => state !== wanted)
    .map(({ stage, number, state }) => {
      const letter = { stage, number: Number(number) };
      return { letter, code: 'dead_letter.wrong_state', message: `${letterId(letter)} is ${state}`, by: [] };
    });
}

/** Which letters of the keys of selected ones come along: none, all, or those after them. */
export type Companions = 'none' | 'same-key' | 'later-of-key';

type LetterRow = Omit<ChosenLetter, 'number'> & { readonly number: string };

const CHOSEN_COLUMNS = `letter.stage, letter.number, letter.table_id AS "table", letter.row_key::jsonb AS key, letter.is_parked AS "isParked"`;

/** Selected letters in a state, with companions in that state: the first of each stage; with `later-of-key` the last. */
export async function choose(
  manager: EntityManager,
  jobId: string,
  selection: LetterSelection,
  state: 'open' | 'replaying',
  companions: Companions,
): Promise<Choice> {
  const parameters = new Parameters();
  const job = parameters.add(jobId);
  const eligible = `letter.job_id = ${job} AND letter.state = ${parameters.add(state)}`;
  const plain = `SELECT ${CHOSEN_COLUMNS} FROM millrace.dead_letter letter WHERE ${eligible} AND`;
  let meant: string;
  if (companions === 'none' || (companions === 'same-key' && isEverything(selection))) {
    meant = `${plain} ${selectionSql(selection, parameters)}`;
  } else if (companions === 'later-of-key') {
    const selected = selectionSql(selection, parameters);
    meant = `
      SELECT ${CHOSEN_COLUMNS} FROM (
        SELECT letter.*, ${selected} AS is_selected,
          min(number) FILTER (WHERE ${selected}) OVER (PARTITION BY ${keySql('letter')}) AS first
        FROM millrace.dead_letter letter WHERE ${eligible}) letter
      WHERE letter.is_selected OR letter.is_parked AND letter.first < letter.number`;
  } else if ('ids' in selection) {
    const named = await choose(manager, jobId, selection, state, 'none');
    meant = `${plain} ${ofKeysSql(named.letters, parameters)}`;
  } else {
    const selected = selectionSql(selection, parameters);
    // Within an OR it is a hashed look-up; by itself it might be planned as a nested loop over the letters of one busy key.
    meant = `${plain} (${selected} OR (${keySql('letter')}) IN (
      SELECT ${keySql('letter')} FROM millrace.dead_letter letter WHERE ${eligible} AND ${selected}))`;
  }
  // Cut off at the limit, the rest must be such that order per key holds: later letters wait for earlier ones, and are taken back before them.
  const direction = companions === 'later-of-key' ? 'DESC' : 'ASC';
  const rows = await manager.query<LetterRow[]>(
    `${meant} ORDER BY letter.stage ${direction}, letter.number ${direction} LIMIT ${LETTERS_PER_REQUEST_MAX + 1}`,
    parameters.values,
  );
  const letters = rows.slice(0, LETTERS_PER_REQUEST_MAX).map((row) => ({ ...row, number: Number(row.number) }));
  return { letters, hasMore: rows.length > LETTERS_PER_REQUEST_MAX };
}

const isEverything = (selection: LetterSelection): boolean =>
  'filter' in selection && Object.values(selection.filter).every((wanted) => wanted === undefined);

type KeyOfLetter = Pick<ChosenLetter, 'stage' | 'table' | 'key'>;

const keyText = ({ stage, table, key }: KeyOfLetter): string => JSON.stringify([stage, table, key]);

/** Is the letter of one of the keys of these? */
function ofKeysSql(letters: readonly KeyOfLetter[], parameters: Parameters): string {
  const keys = [...new Map(letters.map((letter) => [keyText(letter), letter])).values()];
  const stages = parameters.add(keys.map(({ stage }) => stage));
  const tables = parameters.add(keys.map(({ table }) => table));
  const texts = parameters.add(keys.map(({ key }) => JSON.stringify(key)));
  return `(${keySql('letter')}) IN (SELECT ${keySql('named')}
    FROM unnest(${stages}::text[], ${tables}::text[], ${texts}::text[]) named (stage, table_id, row_key))`;
}

/** Parked letters that would come before an earlier one of their key that is open and does not come along. */
export async function heldBack(
  manager: EntityManager,
  jobId: string,
  letters: readonly ChosenLetter[],
): Promise<readonly Hindrance[]> {
  const parked = letters.filter(({ isParked }) => isParked);
  if (parked.length === 0) return [];
  const parameters = new Parameters();
  const job = parameters.add(jobId);
  const last = parked.reduce((most, { number }) => Math.max(most, number), 0);
  type Left = Pick<ChosenLetter, 'stage' | 'table' | 'key'> & { readonly numbers: readonly string[] };
  const left = await manager.query<Left[]>(
    `SELECT stage, table_id AS "table", row_key::jsonb AS key, (array_agg(number ORDER BY number))[1:${HELD_BY_MAX}] AS numbers
     FROM millrace.dead_letter letter WHERE job_id = ${job} AND state = 'open' AND number < ${parameters.add(last)}::bigint
       AND ${ofKeysSql(parked, parameters)}
       AND (stage, number) NOT IN ${lettersSql(letters, parameters)}
     GROUP BY 1, 2, 3`,
    parameters.values,
  );
  const holders = new Map(left.map((row) => [keyText(row), row.numbers.map(Number)]));
  return parked.flatMap(({ stage, number, table, key }) => {
    const earlier = (holders.get(keyText({ stage, table, key })) ?? []).filter((holder) => holder < number);
    if (earlier.length === 0) return [];
    const by = earlier.map((holder) => ({ stage, number: holder }));
    const letter = { stage, number };
    const message = `${letterId(letter)} was parked behind ${namedLetters(by)} of the same key`;
    return [{ letter, code: 'dead_letter.key_is_parked' as const, message, by }];
  });
}
