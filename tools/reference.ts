/**
 * Reference pages: one for each type of connector, from its schemas, what it declares, and the codes in its sources; and one of all error codes.
 * Ends with 1 when a page is not current; `--write` writes them.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connectorsOf } from '../apps/worker/src/connectors.ts';
import { connectorPage } from './reference/connector-page.ts';
import { code, table } from './reference/markdown.ts';
import { scanCodes } from './reference/scan-codes.ts';

const FOLDER = 'docs/reference';
/** Guides of types whose page is not named after them. */
const GUIDES: Readonly<Record<string, string>> = { jdbc: 'sql-databases.md' };

const isTest = (file: string): boolean => /\.test(-d)?\.ts$|\/(test|test-support|testing|fixtures)\//.test(file);
const sources = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'libs', 'apps'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file.endsWith('.ts') && !isTest(file) && existsSync(file));

const pages = new Map<string, string>();
const connectors = (await connectorsOf({})).all();
for (const type of new Set(connectors.map((connector) => connector.type))) {
  const folder = `libs/connectors/${type}`;
  const guide = GUIDES[type] ?? `${type}.md`;
  const links = [
    ...(existsSync(`docs/${guide}`) ? [`[Guide](../../${guide})`] : []),
    `[How it works](../../../${folder}/README.md)`,
    '[What holds](../../guarantees.md)',
    '[All error codes](../errors.md)',
  ];
  const scan = scanCodes(sources.filter((file) => file.startsWith(`${folder}/`)));
  pages.set(
    `${FOLDER}/connectors/${type}.md`,
    connectorPage(
      connectors.filter((each) => each.type === type),
      scan,
      links,
    ),
  );
}

const { codes } = scanCodes(sources);
pages.set(
  `${FOLDER}/errors.md`,
  `# Error codes

<!-- Made from sources: npm run reference -- --write -->

Every failure has a code that stays. Whose fault: \`user\` (what was asked), \`external\` (another system), \`internal\` (a bug). Trying again: \`later\` (the platform does so by itself),
\`after-repair\` (when somebody has done what the mend says), \`never\`.

${table(
  ['code', 'what', 'whose fault', 'trying again'],
  codes.map((entry) => [code(entry.code), entry.title, entry.domain, entry.retry]),
)}
`,
);

const isWriting = process.argv.includes('--write');
let isCurrent = true;
for (const [page, text] of pages) {
  if (existsSync(page) && readFileSync(page, 'utf8') === text) continue;
  if (isWriting) writeFileSync(page, text);
  else {
    console.error(`${page} is not what the sources say (npm run reference -- --write)`);
    isCurrent = false;
  }
}
if (!isCurrent) process.exit(1);
