import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseSecretReference, resolveSecretReference } from './secret-reference.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secret-'));
  await writeFile(join(folder, 'good'), 'from a file\n');
  await writeFile(join(folder, 'empty'), '\n');
  await writeFile(join(folder, 'long'), 'x'.repeat(100_000));
});
afterAll(() => rm(folder, { recursive: true }));

const resolve = (text: string) =>
  resolveSecretReference(parseSecretReference(text)!, '/password', {
    SET: 'value',
    EMPTY: '',
    MILLRACE_SECRET_KEY: 'key',
  });

describe('secret references', () => {
  it('are told from literals', () => {
    expect(parseSecretReference('${env:A}')).toEqual({ kind: 'env', target: 'A' });
    for (const literal of ['env:A', '$env:A', '${env:A} ', '${vault:A}', ''])
      expect(parseSecretReference(literal)).toBeUndefined();
  });

  it('resolve', async () => {
    expect(await resolve('${env:SET}')).toBe('value');
    expect(await resolve(`\${file:${folder}/good}`)).toBe('from a file');
  });

  it.each([
    ['${env:ABSENT}', /not set/],
    ['${env:EMPTY}', /not set/],
    ['${env:MILLRACE_SECRET_KEY}', /cannot be referenced/],
    ['${file:relative}', /not absolute/],
    ['${file:/absent/file}', /ENOENT/],
    ['${file:/proc}', /not a regular file/],
  ])('%s is refused', async (text, message) => {
    await expect(resolve(text)).rejects.toMatchObject({
      code: { code: 'secret.reference_unresolved' },
      pointer: '/password',
      message: expect.stringMatching(message),
    });
  });

  it.each(['empty', 'long'])('a file that is %s is refused', async (name) => {
    await expect(resolve(`\${file:${folder}/${name}}`)).rejects.toMatchObject({
      code: { code: 'secret.reference_unresolved' },
    });
  });
});
