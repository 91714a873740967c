/**
 * `npm run new:connector -- NAME [FOLDER]`: a connector to start from, in `connectors/NAME`. It is the worked example of the guide under another name: it
 * works, and its acceptance suite is green, while its parts are replaced one after the other.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));
const EXAMPLE = join(REPOSITORY, 'examples/own-connector');
const EXAMPLE_TYPE = 'redis-streams';
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const camel = (name: string): string => name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Jobs of the example and what runs them stay there. */
const isPart = (file: string): boolean => file.endsWith('.ts') && !file.startsWith('example.');

const renamed = (text: string, name: string): string =>
  text
    .split('\n')
    .filter((line) => !/^\s*\/\/ #(end)?region\b/.test(line))
    .join('\n')
    .replaceAll(EXAMPLE_TYPE, name)
    .replaceAll(camel(EXAMPLE_TYPE), camel(name));

const readme = (name: string): string => `# ${name}

A sink and a source, loaded by \`MILLRACE_CONNECTORS=$PWD/connectors/${name}/connector.ts\`. It works as it is, with streams of Redis. Replace, with the suite green in between:

1. \`config.ts\`: what a user says about the connection and a stage.
2. \`client.ts\`, \`errors.ts\`, \`check.ts\`: open a connection, name what goes wrong, say what is missing.
3. \`waiting-rows.ts\`, \`stream-sink.processor.ts\`: where rows wait until their snapshot is committed, and what refuses an older execution. Or, if the system can't hide rows: write them with their position in one
   transaction, answer \`showsRowsAtOnce\` with true, and declare \`visible: 'at-once'\`.
4. \`stream-source.processor.ts\`: what a position is, and what happens when it is gone.
5. \`connector.ts\`: type, summary, capabilities, guarantees. Say no more than the suite shows.
6. \`acceptance.redis.test.ts\`: how a test reads the target and fills the origin. The part of its name before \`.test\` says which server it needs.

\`\`\`sh
npm test -- connectors/${name}
\`\`\`

Guide: docs/write-a-connector.md.
`;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const [name, folder = join(REPOSITORY, 'connectors', name ?? '')] = process.argv.slice(2);
if (name === undefined || !NAME.test(name))
  fail('usage: npm run new:connector -- NAME [FOLDER]; NAME is lower case, such as my-queue');
const target = resolve(folder);
if (existsSync(target) && readdirSync(target).length > 0) fail(`${target} is not empty: choose another name or folder`);

mkdirSync(target, { recursive: true });
for (const file of readdirSync(EXAMPLE).filter(isPart)) {
  writeFileSync(join(target, file), renamed(readFileSync(join(EXAMPLE, file), 'utf8'), name));
}
writeFileSync(join(target, 'README.md'), readme(name));
console.log(`${target} is a connector of type ${name}; its README says what to replace first.`);
