/**
 * House rules that no linter has: banned calls, file sizes, a README in every library, no loose ends.
 * Prints every finding with file and line and ends with 1 when there is one.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const LINES_MAX = 400;
/** Longer than `LINES_MAX`, with the reason. The list may only shrink. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'libs/connectors/postgres/src/initial-load/reconciler.ts':
    'one table of decisions over one state; apart, no half could be checked',
  'libs/sdk/src/client/api-types.ts': 'made by tools/api-client.ts',
};

/** Suites may be long. */
const TEST_CODE = /(\.test\.ts$|\/(test|test-support|testing|fixtures)\/)/;

/** Time, randomness and ids come in through constructors; only the kernel makes them. */
const BANNED = [
  { pattern: /\bDate\.now\(/, instead: 'Clock.nowMs()' },
  { pattern: /(?<![.\w])setTimeout\(/, instead: 'Clock.timer() or Clock.sleep()' },
  { pattern: /(?<![.\w])setInterval\(/, instead: 'Clock.timer()' },
  { pattern: /\bMath\.random\(/, instead: 'an injected source of randomness' },
  { pattern: /\brandomUUID\(/, instead: 'IdSource' },
];
const BANNED_EXEMPT =
  /^(libs\/kernel\/|libs\/testing\/|bench\/|test\/|tools\/|examples\/)|\.test\.ts$|\/(test|test-support|testing|fixtures)\//;

const findings: string[] = [];
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));

for (const file of files.filter((name) => /\.(tsx?|mjs|js|cjs)$/.test(name))) {
  const lines = readFileSync(file, 'utf8').split('\n');
  if (lines.length > LINES_MAX && LONG_FILES[file] === undefined && !TEST_CODE.test(file)) {
    findings.push(`${file}: ${lines.length} lines, at most ${LINES_MAX}: split it`);
  }
  lines.forEach((line, index) => {
    const at = `${file}:${index + 1}`;
    if (/^\s*export \* from/.test(line)) findings.push(`${at}: name what is exported, no "export *"`);
    if (/\bTODO\b|\bFIXME\b/.test(line) && file !== 'tools/tidy.ts')
      findings.push(`${at}: file an issue instead of a note to self`);
    if (/\b(describe|it|test)\.(only|skip)\(/.test(line) && file !== 'tools/tidy.ts')
      findings.push(`${at}: no test is skipped or alone`);
    if (BANNED_EXEMPT.test(file)) return;
    for (const { pattern, instead } of BANNED) {
      if (pattern.test(line) && !/^\s*(\*|\/\/)/.test(line)) findings.push(`${at}: use ${instead}`);
    }
  });
}

for (const manifest of files.filter((file) => /^(libs|apps)\/.*package\.json$/.test(file))) {
  if (!existsSync(`${dirname(manifest)}/README.md`)) findings.push(`${dirname(manifest)}: has no README.md`);
}

// Every connector passes the acceptance suite and has a page that is made from its schema.
const NO_CONNECTOR = new Set(['contract']);
for (const name of new Set(files.map((file) => /^libs\/connectors\/([^/]+)\//.exec(file)?.[1]))) {
  if (name === undefined || NO_CONNECTOR.has(name)) continue;
  const folder = `libs/connectors/${name}`;
  if (!files.some((file) => new RegExp(`^${folder}/src/acceptance(\\.\\w+)*\\.test\\.ts$`).test(file)))
    findings.push(`${folder}: has no src/acceptance.*.test.ts`);
  if (!existsSync(`docs/reference/connectors/${name}.md`))
    findings.push(`${folder}: has no page docs/reference/connectors/${name}.md (npm run reference -- --write)`);
}

for (const record of files.filter((file) => file.startsWith('docs/adr/') && file.endsWith('.md'))) {
  if (!/^docs\/adr\/(README|\d{8}-[a-z0-9-]+)\.md$/.test(record)) findings.push(`${record}: name it YYYYMMDD-slug.md`);
}

// INV-n: every invariant of the page is cited by a test.
const invariants = existsSync('docs/invariants.md') ? readFileSync('docs/invariants.md', 'utf8') : '';
const tests = files.filter((file) => file.endsWith('.test.ts')).map((file) => readFileSync(file, 'utf8'));
for (const name of new Set(invariants.match(/INV-\d+/g) ?? [])) {
  if (!tests.some((text) => new RegExp(`${name}\\b`).test(text)))
    findings.push(`docs/invariants.md: no test carries ${name}`);
}

// A guarantee names the tests that show it.
const GUARANTEES = 'docs/guarantees.md';
for (const [, title, file] of readFileSync(GUARANTEES, 'utf8').matchAll(/"([^"]+)" in `([^`]+)`/g)) {
  if (!existsSync(file!) || !readFileSync(file!, 'utf8').includes(title!))
    findings.push(`${GUARANTEES}: no test "${title}" in ${file}`);
}

// Links between our own pages lead somewhere.
for (const page of files.filter((file) => file.endsWith('.md'))) {
  for (const [, target] of readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (!existsSync(`${dirname(page)}/${target}`)) findings.push(`${page}: link to ${target} leads nowhere`);
  }
}

for (const finding of findings) console.error(finding);
if (findings.length > 0) {
  console.error(`${findings.length} house rules broken`);
  process.exit(1);
}
