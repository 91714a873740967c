import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type ApiOptions, restClient, withApi } from '../access/api-options.ts';
import { type TableColumns, tableClasses } from './table-classes.ts';

/** Tables asked for at once. */
const TABLES_AT_ONCE = 50;

interface Options extends ApiOptions {
  readonly source: string;
  readonly tables?: string;
  readonly out?: string;
}

/** `millrace typegen`: types of the tables of a source, for the handlers of a service. */
export function typegenCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  return withApi(new Command('typegen'), environment)
    .description('Writes TypeScript classes for the tables of a source, for @OnChange and Change.')
    .requiredOption('--source <name>', 'registered source')
    .option('--tables <names>', 'with commas between: public.orders,public.customers; by default all')
    .option('--out <file>', 'where to; by default it is printed')
    .action(async (options: Options) => {
      const rest = await restClient(options, environment);
      const path = `sources/${encodeURIComponent(options.source)}`;
      const names = options.tables?.split(',') ?? (await allTables(rest, path));
      const tables: TableColumns[] = [];
      for (let at = 0; at < names.length; at += TABLES_AT_ONCE) {
        const wanted = encodeURIComponent(names.slice(at, at + TABLES_AT_ONCE).join(','));
        tables.push(...(await rest.get<{ items: TableColumns[] }>(`${path}/columns?tables=${wanted}`)).items);
      }
      const text = tableClasses(options.source, tables);
      if (options.out === undefined) print(text);
      else await writeFile(options.out, text);
    });
}

async function allTables(
  rest: { get<Answer>(path: string): Promise<Answer> },
  path: string,
): Promise<readonly string[]> {
  const { items } = await rest.get<{ items: readonly { readonly id: string }[] }>(`${path}/tables`);
  return items.map(({ id }) => id);
}
