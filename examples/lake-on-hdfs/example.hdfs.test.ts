import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { testHdfs } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { hdfsFolder } from '../../libs/connectors/files/src/test-support/hdfs-folder.ts';

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

const ROWS = 40;
const ROUNDS = 12;
const KILL_AT = 6;
const WAIT_MS_MAX = 60_000;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX;
  while (!(await isSo()) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
}

it('has each change of a table once in files of HDFS under kill -9, and reads files from there', async () => {
  const [{ url }, lake, warehouse] = [await testHdfs(), document('sink'), document('warehouse')];
  await using folder = await hdfsFolder(url, String(lake.config['directory']));
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, target, workers } = platform;
  await source.query(`
    create table orders (id int primary key, version int not null);
    insert into orders select id, 0 from generate_series(1, ${ROWS}) id`);
  const login = ({ password, ...connection }: typeof source.connection) => ({
    ...connection,
    ...(password === undefined ? {} : { password }),
  });
  const shop = document('source');
  await rest.post('sources', { ...shop, config: { ...shop.config, ...login(source.connection) } });
  const atHdfs = { ...lake, config: { ...lake.config, nameNodes: [url] } };
  await rest.post('sinks', atHdfs);
  await rest.post('jobs', document('job'));

  const changes = async (): Promise<readonly string[]> =>
    (await folder.lines()).map((line) => {
      const { after } = JSON.parse(line) as { after: { id: number; version: number } };
      return `${after.id} ${after.version}`;
    });
  const expected = Array.from({ length: ROWS }, (_, index) => `${index + 1} 0`);
  await until(async () => (await changes()).length >= ROWS);
  for (let round = 1; round <= ROUNDS; round++) {
    await source.query('update orders set version = $1::int where id % 4 = $1::int % 4', [round]);
    for (let id = 1; id <= ROWS; id++) if (id % 4 === round % 4) expected.push(`${id} ${round}`);
    if (round !== KILL_AT) continue;
    await workers[0]!.kill();
    await workers[0]!.start();
  }
  await until(async () => (await changes()).length >= expected.length);
  expect((await changes()).toSorted()).toEqual(expected.toSorted());

  await folder.append('imported/one.csv', 'id,name\n1,first\n2,second\n');
  await rest.post('sources', atHdfs);
  await rest.post('sinks', { ...warehouse, config: { ...warehouse.config, ...login(target.connection) } });
  await rest.post('jobs', document('back'));
  const imported = () => target.query('select id, name from imported order by id').catch(() => []);
  await until(async () => (await imported()).length >= 2);
  expect(await imported()).toEqual([
    { id: 1, name: 'first' },
    { id: 2, name: 'second' },
  ]);
}, 180_000);
