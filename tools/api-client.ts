/**
 * What is made of the OpenAPI document of the management API: the types of the SDK's client and of the dashboard, and the table of routes and roles. Works on
 * what was built last. Ends with 1 when a file is not current; `--write` writes them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';
import { describeApi } from '../apps/api/dist/describe-api.js';
import { code, table } from './reference/markdown.ts';

const document = await describeApi();

async function typesOfClient(): Promise<string> {
  const types = astToString(
    await openapi(document as never, { alphabetize: true, rootTypes: true, rootTypesNoSchemaPrefix: true }),
  );
  return `/** Made from the OpenAPI document of the API: npm run api-client -- --write */\n\n${types}`;
}

function routesAndRoles(): string {
  const rows = Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs as Record<string, { readonly summary?: string; readonly 'x-role'?: string }>).map(
      ([verb, operation]) => [
        code(`${verb.toUpperCase()} ${path}`),
        operation['x-role'] ?? '',
        operation.summary ?? '',
      ],
    ),
  );
  rows.sort(([a = ''], [b = '']) => (a.split(' ')[1]! + a).localeCompare(b.split(' ')[1]! + b, 'en'));
  return [
    '# Routes of the API and their roles',
    '<!-- Made from the OpenAPI document: npm run api-client -- --write -->',
    'Each role includes those before it: viewer, operator, editor, admin. [Access](../access.md) explains them.',
    `${table(['route', 'role', 'what'], rows)}\n`,
  ].join('\n\n');
}

const FILES: Readonly<Record<string, string>> = {
  'libs/sdk/src/client/api-types.ts': await typesOfClient(),
  'docs/reference/routes.md': routesAndRoles(),
};

for (const [file, text] of Object.entries(FILES)) {
  if (process.argv.includes('--write')) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${file} does not fit the API any more: npm run api-client -- --write`);
    process.exitCode = 1;
  }
}
