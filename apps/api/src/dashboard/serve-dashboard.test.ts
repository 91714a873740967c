import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { MillraceError } from '@millrace/kernel';
import { fastify as createFastify, type FastifyInstance } from 'fastify';
import { securityHeaders } from '../http/security-headers.ts';
import { serveDashboard } from './serve-dashboard.ts';

let above: string;
let folder: string;
let fastify: FastifyInstance;

beforeEach(async () => {
  above = mkdtempSync(join(tmpdir(), 'millrace-ui-'));
  writeFileSync(join(above, 'beside.txt'), 'not for them');
  folder = `${above}/dist/`;
  mkdirSync(folder);
  fastify = createFastify();
  await securityHeaders(fastify, undefined);
  fastify.setErrorHandler((error: MillraceError, _, reply) =>
    reply.code(404).send({ code: error.code.code, mend: error.mend }),
  );
});

afterEach(async () => {
  await fastify.close();
  rmSync(above, { recursive: true });
});

function build(): void {
  mkdirSync(`${folder}assets`);
  writeFileSync(`${folder}index.html`, '<!doctype html><title>Millrace</title>');
  writeFileSync(`${folder}assets/main-abc.js`, 'export {};');
}

const get = (url: string) => fastify.inject({ method: 'GET', url });

it('answers every route of the dashboard with its page, under a policy without inline scripts', async () => {
  build();
  await serveDashboard(fastify, folder);
  for (const url of ['/ui/', '/ui/jobs/shop-to-warehouse', '/ui/jobs/a/dead-letters/copy.17?tab=list']) {
    const answer = await get(url);
    expect([url, answer.statusCode]).toEqual([url, 200]);
    expect(answer.payload).toContain('<title>Millrace</title>');
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.headers['content-security-policy']).toContain("script-src 'self';");
  }
  expect((await get('/ui')).headers.location).toBe('/ui/');
  expect((await get('/')).headers.location).toBe('/ui/');
});

it('has browsers keep what is named by its content, and says what it does not have', async () => {
  build();
  await serveDashboard(fastify, folder);
  const asset = await get('/ui/assets/main-abc.js');
  expect(asset.headers['cache-control']).toContain('immutable');
  expect(asset.headers['content-type']).toContain('javascript');
  expect((await get('/ui/assets/main-old.js')).json().code).toBe('dashboard.unknown_file');
  for (const way of ['..%2fbeside.txt', '%2e%2e/beside.txt', '..%5cbeside.txt'])
    expect((await get(`/ui/${way}`)).payload).not.toContain('not for them');
});

it('says how to build a dashboard that has not been built', async () => {
  await serveDashboard(fastify, folder);
  const answer = await get('/ui/jobs');
  expect(answer.json()).toEqual({ code: 'dashboard.not_built', mend: expect.stringContaining('npm run -s build') });
});
