import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { freePort } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { startDisplay } from './display.ts';
import { Meter } from './meter.ts';

const READINGS = 40;
const METERS = ['cellar', 'roof'];
const KILLED_AT = 15;
const HOT = 30;

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

it('has each reading in a table, and each hot one shown, while the worker is killed with -9', async () => {
  const shown = new Set<string>();
  const display = startDisplay(({ meter, number }) => void shown.add(`${String(meter)} ${String(number)}`));
  await once(display, 'listening');
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source: warehouse, workers } = platform;
  const { password: _, ...config } = document('warehouse').config;
  const port = await freePort();
  await rest.post('sources', { ...document('endpoint'), config: { listen: `127.0.0.1:${port}`, anonymous: true } });
  const connect = `127.0.0.1:${(display.address() as AddressInfo).port}`;
  await rest.post('sinks', { ...document('display'), config: { connect, allow: ['127.0.0.1'] } });
  await rest.post('sinks', {
    ...document('warehouse'),
    config: { ...config, ...warehouse.connection, ssl: 'disable' },
  });
  await rest.post('jobs', document('job'));

  const meters = METERS.map((name) => new Meter(name, port));
  try {
    for (let number = 1; number <= READINGS; number++) {
      for (const meter of meters) meter.send({ meter: meter.name, number, celsius: 10 + number });
      if (number === KILLED_AT) {
        // It has some of them, and has not acknowledged them all.
        while (meters.some(({ acknowledged }) => acknowledged === 0)) await pause(20);
        await workers[0]!.kill();
        await workers[0]!.start();
      }
      await pause(20);
    }
    while (meters.some(({ acknowledged }) => acknowledged < READINGS)) await pause(20);
    const rows = await warehouse.query<{ meter: string; count: string }>(
      'select meter, count(*)::text as count from public.readings group by meter order by meter',
    );
    expect(rows).toEqual(METERS.map((meter) => ({ meter, count: String(READINGS) })));
    const hot = READINGS - (HOT - 10) + 1;
    expect(shown.size).toBe(METERS.length * hot);
  } finally {
    for (const meter of meters) meter.close();
    display.close();
  }
}, 120_000);
