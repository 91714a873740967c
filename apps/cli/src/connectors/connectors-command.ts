import { errorCode, MillraceError } from '@millrace/kernel';
import { Command } from 'commander';
import { type ApiOptions, restClient, withApi } from '../access/api-options.ts';
import { type ConnectorView, connectorsText, connectorText } from './connectors-text.ts';

export const NoSuchConnector = errorCode('cli.no_such_connector', {
  domain: 'user',
  retry: 'never',
  title: 'There is no such connector',
});

interface Options extends ApiOptions {
  readonly json?: true;
}

/** `millrace connectors`: what an API knows, with the connectors that it has loaded from outside. */
export function connectorsCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  return withApi(new Command('connectors'), environment)
    .description('Lists the types of sources and sinks; with a type, what it can do, what it holds, and its options.')
    .argument('[type]', 'such as kafka')
    .option('--json', 'as the API has it')
    .action(async (type: string | undefined, options: Options) => {
      const rest = await restClient(options, environment);
      const { items } = await rest.get<{ readonly items: ConnectorView[] }>('connectors');
      const wanted = items.filter((connector) => type === undefined || connector.type === type);
      if (wanted.length === 0) {
        throw new MillraceError(NoSuchConnector, {
          message: `there is no connector of type "${type}"`,
          mend: `Use one of: ${[...new Set(items.map((connector) => connector.type))].join(', ')}.`,
        });
      }
      if (options.json) print(JSON.stringify(wanted, null, 2));
      else print(type === undefined ? connectorsText(wanted) : wanted.map(connectorText).join('\n\n'));
    });
}
