import { Command } from 'commander';
import { tableLines } from '../table.ts';
import { type ApiOptions, restClient, withApi } from './api-options.ts';
import { saveKey } from './saved-keys.ts';

interface Key {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

type Issued = Key & { readonly key: string };

interface Options extends ApiOptions {
  readonly json?: true;
  readonly save?: true;
}

const day = (at: string | null, none: string): string => at?.slice(0, 10) ?? none;

/** `millrace keys`: who may call the API. */
export function keysCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  const subcommand = (name: string, description: string): Command =>
    withApi(new Command(name), environment).description(description).option('--json', 'the answer of the API as it is');

  const showOnce = async (issued: Issued, { api, json, save }: Options): Promise<void> => {
    if (json) print(JSON.stringify(issued));
    else {
      print(
        `${issued.name} (${issued.id}), ${issued.role}, ${day(issued.expiresAt, 'without an end')}; shown this once:`,
      );
      print('');
      print(issued.key);
    }
    if (save) {
      const file = await saveKey(api, issued.key, environment);
      if (!json) print(`\nsaved for ${api} in ${file}`);
    }
  };

  const list = subcommand('list', 'All keys, revoked ones too; no secrets.').action(async (options: Options) => {
    const rest = await restClient(options, environment);
    const items: Key[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { items: readonly Key[]; nextCursor: string | null } = await rest.get(
        `api-keys?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    if (options.json) return print(JSON.stringify(items));
    const rows = items.map((key) => [
      key.name,
      key.role,
      key.state,
      day(key.expiresAt, 'never'),
      key.lastUsedAt ?? 'never',
      key.createdBy,
      key.id,
    ]);
    for (const line of tableLines(['NAME', 'ROLE', 'STATE', 'EXPIRES', 'LAST USED', 'MADE BY', 'ID'], rows))
      print(line);
  });

  const create = subcommand('create', 'Makes a key and shows it once.')
    .argument('<name>', 'whose it is, or what for')
    .requiredOption('--role <role>', 'viewer, operator, editor or admin')
    .option('--expires <duration>', 'such as 90d, or never', '90d')
    .option('--save', 'keep it for this API in ~/.config/millrace/keys.json')
    .action(async (name: string, options: Options & { role: string; expires: string }) => {
      const rest = await restClient(options, environment);
      const body = { name, role: options.role, expiresIn: options.expires };
      await showOnce(await rest.post<Issued>('api-keys', body), options);
    });

  const rotate = subcommand('rotate', 'Gives a key a new secret and shows it once.')
    .argument('<key>', 'name or id')
    .option('--old-key-works-for <duration>', 'how long the secret before it still works', '0s')
    .option('--expires <duration>', 'a new end, such as 90d, or never; by default it stays')
    .option('--save', 'keep it for this API in ~/.config/millrace/keys.json')
    .action(async (key: string, options: Options & { oldKeyWorksFor: string; expires?: string }) => {
      const rest = await restClient(options, environment);
      const body = {
        oldKeyWorksFor: options.oldKeyWorksFor,
        ...(options.expires === undefined ? {} : { expiresIn: options.expires }),
      };
      await showOnce(await rest.post<Issued>(`api-keys/${encodeURIComponent(key)}/rotate`, body), options);
    });

  const revoke = subcommand('revoke', 'Ends a key and its sessions at once and for good.')
    .argument('<key>', 'name or id')
    .action(async (key: string, options: Options) => {
      const rest = await restClient(options, environment);
      const revoked = await rest.delete<Key>(`api-keys/${encodeURIComponent(key)}`);
      print(options.json ? JSON.stringify(revoked) : `${revoked.name} (${revoked.id}) is revoked`);
    });

  return new Command('keys')
    .description('API keys: list, create, rotate, revoke. Needs the role admin.')
    .addCommand(list)
    .addCommand(create)
    .addCommand(rotate)
    .addCommand(revoke);
}
