/**
 * The types of the management API, made of its OpenAPI document, for the SDK's client and the dashboard. Works on what was built last.
 * Ends with 1 when the file is not current; `--write` writes it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';
import { describeApi } from '../apps/api/dist/describe-api.js';

const FILE = 'libs/sdk/src/client/api-types.ts';

const document = await describeApi();
const types = astToString(
  await openapi(document as never, { alphabetize: true, rootTypes: true, rootTypesNoSchemaPrefix: true }),
);
const text = `/** Made from the OpenAPI document of the API: npm run api-client -- --write */\n\n${types}`;

if (process.argv.includes('--write')) writeFileSync(FILE, text);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) {
  console.error(`${FILE} does not fit the API any more: npm run api-client -- --write`);
  process.exit(1);
}
