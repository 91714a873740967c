import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { errorCode, MillraceError } from '@millrace/kernel';
import type { FastifyInstance } from 'fastify';

const NotBuilt = errorCode('dashboard.not_built', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The dashboard has not been built',
});

const FileUnknown = errorCode('dashboard.unknown_file', {
  domain: 'user',
  retry: 'never',
  title: 'The dashboard has no such file',
});

export const UI_ROOT = '/ui/';

/** Names of these change with what is in them. */
const ASSETS = `${UI_ROOT}assets/`;
const YEAR_S = 31_536_000;

const built = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));

/**
 * The dashboard at `/ui`: its files, and its page for every address that is one of its routes.
 * @param folder where it was built
 */
export async function serveDashboard(fastify: FastifyInstance, folder: string = built): Promise<void> {
  for (const path of ['/', '/ui']) fastify.get(path, (_, reply) => reply.redirect(UI_ROOT));
  if (!existsSync(`${folder}index.html`)) {
    fastify.get(`${UI_ROOT}*`, () => {
      throw new MillraceError(NotBuilt, {
        message: 'there is no built dashboard beside this api',
        mend: 'Build it: npm run -s build. Then start the api again.',
      });
    });
    return;
  }
  await fastify.register(fastifyStatic, { root: folder, serve: false, cacheControl: false, index: false });
  fastify.get<{ Params: { '*': string } }>(`${UI_ROOT}*`, async ({ params, url }, reply) => {
    const file = params['*'];
    const isFile = file !== '' && !file.includes('..') && existsSync(`${folder}${file}`);
    if (!isFile && url.startsWith(ASSETS))
      throw new MillraceError(FileUnknown, {
        message: `the dashboard has no file ${file}`,
        mend: 'Load the page anew.',
      });
    void reply.header('cache-control', url.startsWith(ASSETS) ? `public, max-age=${YEAR_S}, immutable` : 'no-cache');
    return reply.sendFile(isFile ? file : 'index.html');
  });
}
