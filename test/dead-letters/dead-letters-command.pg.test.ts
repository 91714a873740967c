import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { insertLetters, type TestLetter } from '@millrace/testing';
import { fixtureConnectors } from '../../apps/api/test/fixture-connectors.ts';
import { startApi, type TestApi } from '../../apps/api/test/start-api.ts';
import { deadLettersCommand } from '../../apps/cli/src/dead-letters/dead-letters-command.ts';

let api: TestApi;
let url: string;
beforeAll(async () => {
  api = await startApi(fixtureConnectors);
  await api.app.listen(0, '127.0.0.1');
  url = await api.app.getUrl();
  await api.request('POST', '/api/v1/sources', { name: 'shop', type: 'fixture', config: { host: 'a' } });
  await api.request('POST', '/api/v1/sinks', { name: 'wh', type: 'fixture', config: { host: 'a' } });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

let jobs = 0;
async function jobWith(letters: readonly TestLetter[]): Promise<string> {
  const name = `cli-${++jobs}`;
  const stages = { orders: { source: 'shop', tables: ['public.orders'] }, copy: { input: 'orders', sink: 'wh' } };
  const { body } = await api.request('POST', '/api/v1/jobs', { name, stages });
  await insertLetters(api.database, body.id, letters);
  return name;
}

const CHAIN: readonly TestLetter[] = [
  { number: 1 },
  { number: 2, isParked: true, reason: 'dead_letter.parked' },
  { number: 3, id: '2' },
];

/** What `millrace dead-letters` says, line by line. */
async function millrace(...args: string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  await deadLettersCommand((line) => lines.push(line), { MILLRACE_API: url }).parseAsync(args, { from: 'user' });
  return lines;
}

const refusal = (...args: string[]) =>
  millrace(...args).then(
    (lines) => lines,
    (error: { code: { code: string }; message: string; mend: string }) => `${error.code.code}: ${error.message}`,
  );

describe('millrace dead-letters', () => {
  it('lists in a table, by default the newest first', async () => {
    const job = await jobWith(CHAIN);
    const lines = await millrace(job);
    expect(lines[0]).toMatch(/^LETTER {2}STATE {9}REASON {14}TABLE {10}KEY {3}TRIES {2}LAST TRY {14}MESSAGE$/);
    expect(lines.slice(1).map((line) => line.split(/ {2,}/))).toEqual([
      [
        'copy.3',
        'open',
        'jdbc.row_refused',
        'public.orders',
        'id=2',
        '1',
        '2026-11-28T12:00:01Z',
        'the target refuses row 3',
      ],
      [
        'copy.2',
        'open, parked',
        'dead_letter.parked',
        'public.orders',
        'id=1',
        '1',
        '2026-11-28T12:00:01Z',
        'the target refuses row 2',
      ],
      [
        'copy.1',
        'open',
        'jdbc.row_refused',
        'public.orders',
        'id=1',
        '1',
        '2026-11-28T12:00:01Z',
        'the target refuses row 1',
      ],
    ]);
    const first = await millrace(
      job,
      'list',
      '--oldest-first',
      '--key',
      'id=1',
      '--limit',
      '1',
      '--reason',
      'jdbc.row_refused',
    );
    expect(first.map((line) => line.split(' ')[0])).toEqual(['LETTER', 'copy.1']);
    expect((await millrace(job, '--limit', '2')).at(-1)).toBe('… and more: raise --limit, or filter');
    expect(await millrace(job, '--state', 'replayed')).toEqual(['no dead letters']);
    expect((await millrace(job, 'groups')).slice(1)).toEqual([
      expect.stringMatching(/^copy +jdbc.row_refused +public.orders +2 +0 +0 +0 .* copy.3$/),
      expect.stringMatching(/^copy +dead_letter.parked +public.orders +1 +0 +0 +0 .* copy.2$/),
    ]);
  });

  it('shows a letter, and nothing in it reaches the terminal as a command', async () => {
    const job = await jobWith([...CHAIN, { number: 4, id: '4', after: { id: '4', total: null, note: '\u001b[2Jx' } }]);
    expect((await millrace(job, 'show', 'copy.2')).slice(0, 6)).toEqual([
      'copy.2  open, parked',
      'dead_letter.parked: the target refuses row 2',
      'Change the row, or the target.',
      'created in public.orders, key id=1',
      'at 0/3EA, change 2 of its transaction',
      '1 try, first 2026-11-28T12:00:01Z, last 2026-11-28T12:00:01Z',
    ]);
    const lines = await millrace(job, 'show', 'copy.4');
    expect(lines.slice(-4).map((line) => line.split(/ {2,}/))).toEqual([
      ['COLUMN', 'BEFORE', 'AFTER'],
      ['id (key)', '"4"'],
      ['total', 'NULL'],
      ['note', '"\\u001b[2Jx"'],
    ]);
    expect(lines.join('')).not.toContain('\u001b');
  });

  it('edits in place, says how to undo it, and undoes it', async () => {
    const job = await jobWith(CHAIN);
    const dry = await millrace(job, 'edit', 'copy.3', '--set', 'total=1=2', '--dry-run');
    expect(dry.at(-1)).toBe('would be changed: {"after":{"total":"1=2"}}');
    const lines = await millrace(job, 'edit', 'copy.3', '--set', 'total=12.50', '--set-null', 'note');
    expect(lines[0]).toBe('copy.3  open, edited');
    expect(lines.map((line) => line.split(/ {2,}/))).toContainEqual(['total', '"0"', '"12.50"']);
    expect(lines.slice(-2)).toEqual([
      `replay it: millrace dead-letters ${job} replay copy.3`,
      `undo the edit: millrace dead-letters ${job} undo-edit copy.3`,
    ]);
    expect(await millrace(job, 'edit', 'copy.3', '--op', 'd')).toContain(
      'created in public.orders, key id=2; edited: deleted',
    );
    expect((await millrace(job, 'undo-edit', 'copy.3'))[0]).toBe('copy.3  open');
    expect(await refusal(job, 'edit', 'copy.3', '--set', 'totl=1')).toContain('422 input.invalid');
  });

  it('tries a replay, asks for it, and takes it back', async () => {
    const job = await jobWith(CHAIN);
    expect(await millrace(job, 'replay', 'copy.2', 'copy.3', '--dry-run')).toEqual([
      '2 letters of 2 keys would be replayed',
      '  copy: 2 letters, 1 of them parked',
      'STAGE  TABLE          KEY   LETTERS  FIRST   LAST',
      'copy   public.orders  id=1  1        copy.2  copy.2',
      'copy   public.orders  id=2  1        copy.3  copy.3',
      'it would be refused for 1 letter:',
      '  copy.2 was parked behind copy.1 of the same key',
    ]);
    expect(await refusal(job, 'replay', 'copy.2')).toContain('409 dead_letter.key_is_parked');
    expect(await millrace(job, 'replay', 'copy.2', '--with-key', '--rate', '20', '--curl')).toEqual([
      `curl -X POST ${url}/api/v1/jobs/${job}/dead-letters/replay -H 'content-type: application/json' -d '{"ids":["copy.2"],"rate":20,"withKey":true,"dryRun":false}'`,
      '2 letters of 1 key are to be replayed',
      '  copy: 2 letters, 1 of them parked',
      'the job is NOT_RUNNING: it takes them up when it runs',
      `watch: millrace dead-letters ${job} groups`,
      `take back what it has not taken up: millrace dead-letters ${job} cancel-replay copy.2`,
    ]);
    expect((await millrace(job, 'cancel-replay', '--all'))[0]).toBe('2 letters of 1 key are open again');
    expect(
      JSON.parse((await millrace(job, 'replay', '--table', 'public.orders', '--with-key', '--json'))[0]!),
    ).toMatchObject({
      letters: 3,
    });
  });

  it('gives letters up with a reason', async () => {
    const job = await jobWith(CHAIN);
    expect((await millrace(job, 'discard', '--all', '--dry-run'))[0]).toBe('3 letters of 2 keys would be given up');
    expect(await millrace(job, 'discard', 'copy.3', '--because', 'a test order')).toEqual([
      '1 letter of 1 key is given up',
      '  copy: 1 letter',
      'giving up can not be undone; the records stay readable here until the job is deleted',
    ]);
    const { body } = await api.request('GET', '/api/v1/audit?action=dead_letter.discard');
    expect(body.items[0]).toMatchObject({ details: { job, because: 'a test order', letters: ['copy.3'] } });
  });

  it.each([
    [['nope'], 'there is no action "nope"'],
    [['show'], 'show is about one letter'],
    [['replay'], 'replay needs to know which letters'],
    [['replay', '--state', 'open'], 'replay takes no --state'],
    [['discard', 'copy.1', '--all', '--because', 'x'], 'discard has both letters and a filter'],
    [['discard', '--all'], 'discard needs a reason'],
    [['replay', '--all', '--rate', 'fast'], '--rate fast is no rate'],
    [['edit', 'copy.1'], 'there is nothing to edit'],
    [['edit', 'copy.1', '--set', 'total'], '--set "total" names no column with a value'],
  ])('refuses %j', async (args, message) => {
    expect(await refusal('any', ...args)).toBe(`cli.bad_argument: ${message}`);
  });
});
