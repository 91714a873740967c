import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { CONTRACT_VERSION, defineSink } from './connector.ts';
import { loadConnectors } from './load-connectors.ts';

const sink = (type: string) =>
  defineSink({
    type,
    role: 'sink',
    summary: 'Keeps nothing.',
    config: z.strictObject({}),
    stage: z.strictObject({}),
    capabilities: { holds: 'changes', createsTarget: 'never', parallel: false },
    guarantees: [],
    check: async () => [],
    showsRowsAtOnce: () => true,
    checkStage: async () => [],
    createSink: () => () => ({}),
  });

/** A module that exports a sink as it is without the packages of Millrace. */
const MODULE = (more: string, version: number | string = CONTRACT_VERSION): string => `
const schema = { safeParse() {} };
const sink = (type) => ({
  type, role: 'sink', summary: 'Of a module.', config: schema, stage: schema, contractVersion: ${version},
  capabilities: {}, guarantees: [], check() {}, showsRowsAtOnce() {}, checkStage() {}, createSink() {},
});
${more}`;

describe('loadConnectors', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-connectors-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const load = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return loadConnectors([sink('own')], ` ./${name} ,`, folder);
  };

  it('adds those of modules to those that are built in', async () => {
    expect((await loadConnectors([sink('own')])).all().map(({ type }) => type)).toEqual(['own']);
    const one = await load('one.mjs', MODULE("export default sink('one');"));
    expect(one.sink('one').summary).toBe('Of a module.');
    const two = await load('two.mjs', MODULE("export default [sink('two'), sink('three')];"));
    expect(two.all().map(({ type }) => type)).toEqual(['own', 'two', 'three']);
  });

  it('says which module is not there, or breaks while it loads', async () => {
    await expect(loadConnectors([], './none.mjs', folder)).rejects.toMatchObject({
      code: { code: 'connector.module_missing', retry: 'after-repair' },
      message: expect.stringContaining('./none.mjs'),
      mend: expect.stringContaining('MILLRACE_CONNECTORS'),
    });
    await expect(loadConnectors([], '@nowhere/connector')).rejects.toMatchObject({
      code: { code: 'connector.module_missing' },
    });
    await expect(load('broken.mjs', "throw new Error('no licence');")).rejects.toMatchObject({
      code: { code: 'connector.module_missing' },
      message: expect.stringContaining('no licence'),
    });
  });

  it.each([
    ['nothing.mjs', 'export const sink = 1;', 'is no connector'],
    ['role.mjs', 'export default { role: "transform" };', 'role: "source" or "sink"'],
    ['half.mjs', MODULE("export default { ...sink('half'), createSink: 1 };"), 'createSink: function'],
    ['unversioned.mjs', MODULE("export default sink('x');", 'undefined'), 'contractVersion'],
  ])('says what %s lacks', async (name, text, lacks) => {
    await expect(load(name, text)).rejects.toMatchObject({
      code: { code: 'connector.not_a_connector' },
      message: expect.stringContaining(lacks),
      mend: expect.stringContaining('defineSink()'),
    });
  });

  it('refuses one that is made for another version of the contract', async () => {
    await expect(load('old.mjs', MODULE("export default sink('old');", 0))).rejects.toMatchObject({
      code: { code: 'connector.contract_mismatch' },
      message: expect.stringContaining(`version ${CONTRACT_VERSION}`),
    });
  });

  it('refuses a second connector of one type, but not one of the other role', async () => {
    await expect(load('twice.mjs', MODULE("export default sink('own');"))).rejects.toMatchObject({
      code: { code: 'connector.duplicate_type' },
      message: 'there are two sink connectors of type "own"',
    });
  });
});
