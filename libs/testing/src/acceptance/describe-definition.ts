import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { type Connector, secretFields } from '@millrace/connector-contract';
import { z } from 'zod';

type Options = Readonly<Record<string, unknown>>;

export interface DefinitionOptions {
  readonly config: Options;
  readonly stage: Options;
}

export interface DefinitionDriver {
  readonly connector: Connector;
  open(): Promise<DefinitionOptions & AsyncDisposable>;
  /** Options of the connection that lead nowhere. */
  unreachable(): Promise<Options>;
}

interface JsonSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly description?: string; readonly default?: unknown }>>;
}

const PLANTED = 'planted-secret-8b1f';

const schemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

const without = (options: Options, name: string): Options =>
  Object.fromEntries(Object.entries(options).filter(([each]) => each !== name));

/** What holds for the value that every connector is, whatever its role. */
export function describeDefinition(driver: DefinitionDriver): void {
  const { connector } = driver;
  const signal = new AbortController().signal;
  const parts = [
    ['connection', 'config'],
    ['stage', 'stage'],
  ] as const;

  describe('its definition', () => {
    it('has a type and says in sentences what it is and what each option means', () => {
      expect(connector.type).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(connector.summary).toMatch(/^[A-Z].*\.$/);
      for (const [part, member] of parts) {
        const undescribed = Object.entries(schemaOf(connector[member]).properties ?? {}).filter(
          ([, { description = '' }]) => !/[.:]/.test(description),
        );
        expect([part, undescribed.map(([name]) => name)]).toEqual([part, []]);
      }
    });

    it.each(parts)(
      'takes the options of a %s, asks for each that is needed, and refuses one it does not know',
      async (_, member) => {
        await using given = await driver.open();
        const options = given[member];
        const schema: z.ZodType = connector[member];
        expect(schema.safeParse(options).error?.issues ?? []).toEqual([]);
        for (const name of schemaOf(schema).required ?? []) {
          if (schemaOf(schema).properties?.[name]?.default !== undefined) continue;
          const { error } = schema.safeParse(without(options, name));
          expect([name, error?.issues.map(({ path }) => path[0])]).toEqual([name, expect.arrayContaining([name])]);
        }
        const { error } = schema.safeParse({ ...options, 'no-such-option': 1 });
        expect(JSON.stringify(error?.issues)).toContain('no-such-option');
      },
    );

    it('names what it holds for each mode, in options that a stage takes', async () => {
      expect(connector.guarantees.length).toBeGreaterThan(0);
      await using given = await driver.open();
      for (const { mode, how } of connector.guarantees) {
        expect(how).toMatch(/\.$/);
        const { data, error } = connector.stage.safeParse({ ...given.stage, ...mode });
        expect([mode, error?.issues ?? []]).toEqual([mode, []]);
        expect(data).toMatchObject(mode);
      }
    });

    it('finds nothing wrong with what is there, and says what is wrong with what leads nowhere', async () => {
      await using given = await driver.open();
      const errors = async (options: Options) =>
        (await connector.check(connector.config.parse(options), signal)).filter(({ severity }) => severity === 'error');
      expect(await errors(given.config)).toEqual([]);
      const found = await errors({ ...given.config, ...(await driver.unreachable()) });
      expect(found).not.toEqual([]);
      for (const finding of found) {
        expect(finding.code).toMatch(new RegExp(`^${connector.type}\\.[a-z_]+$`));
        expect(finding.mend).toEqual(expect.any(String));
      }
    });

    it('never says a secret', async () => {
      await using given = await driver.open();
      const said: string[] = [];
      for (const name of secretFields(connector.config)) {
        for (const more of [{}, await driver.unreachable()]) {
          const options = { ...given.config, ...more, [name]: PLANTED };
          const parsed = connector.config.safeParse(options);
          if (!parsed.success) said.push(inspect(parsed.error, { depth: 10 }));
          else
            said.push(
              await connector
                .check(parsed.data, signal)
                .then(JSON.stringify, (error: unknown) => inspect(error, { depth: 10 })),
            );
        }
        // Nothing of another type is taken for a secret, nor shown.
        const wrong = connector.config.safeParse({ ...given.config, [name]: [PLANTED] });
        said.push(wrong.error?.message ?? '');
      }
      expect(said.join('\n')).not.toContain(PLANTED);
    });
  });
}
