/**
 * No code is typed into a page by hand: a block that follows `<!-- snippet: examples/x/job.ts#name -->` must equal the region
 * between `// #region name` and `// #endregion` of that file (or the whole file, without `#name`), indentation apart.
 * `--write` puts the present text of the regions into the pages. Blocks of TypeScript in `docs/` without such a line are findings.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const SNIPPET = /<!-- snippet: (\S+?)(?:#(\S+))? -->\n```(\w+)\n([\s\S]*?)```/g;
const LOOSE_BLOCK = /(?<!-->\n)```(?:ts|typescript)\n/g;

const isWriting = process.argv.includes('--write');
const findings: string[] = [];

function withoutIndent(text: string): string {
  const lines = text.replace(/^\n+|\s+$/g, '').split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)![0].length);
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent)).join('\n');
}

/** The named region of a file, or all of it; `undefined` when there is none. Region comments inside are left out. */
function regionOf(file: string, name: string | undefined): string | undefined {
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n');
  const isComment = (line: string): boolean => /^\s*(\/\/|#) ?#(end)?region\b/.test(line);
  if (name === undefined) return withoutIndent(lines.filter((line) => !isComment(line)).join('\n'));
  const start = lines.findIndex((line) => new RegExp(`^\\s*(//|#) ?#region ${name}\\s*$`).test(line));
  if (start < 0) return undefined;
  let depth = 1;
  const region: string[] = [];
  for (const line of lines.slice(start + 1)) {
    if (/#region\b/.test(line) && isComment(line)) depth += 1;
    else if (/#endregion\b/.test(line) && isComment(line)) depth -= 1;
    else region.push(line);
    if (depth === 0) return withoutIndent(region.join('\n'));
  }
  return undefined;
}

const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));

for (const page of pages) {
  const text = readFileSync(page, 'utf8');
  const written = text.replace(
    SNIPPET,
    (whole, file: string, name: string | undefined, language: string, block: string) => {
      const label = name === undefined ? file : `${file}#${name}`;
      const region = existsSync(file) ? regionOf(file, name) : undefined;
      if (region === undefined) {
        findings.push(`${page}: there is no ${label}`);
        return whole;
      }
      if (withoutIndent(block) === region) return whole;
      if (!isWriting)
        findings.push(`${page}: the block of ${label} is not what the file says (npm run snippets -- --write)`);
      return `<!-- snippet: ${label} -->\n\`\`\`${language}\n${region}\n\`\`\``;
    },
  );
  if (isWriting && written !== text) writeFileSync(page, written);
  if (!page.startsWith('docs/') || page.startsWith('docs/adr/')) continue;
  for (const match of text.matchAll(LOOSE_BLOCK)) {
    const line = text.slice(0, match.index).split('\n').length;
    findings.push(`${page}:${line}: code typed by hand; make it a region of a tested file`);
  }
}

for (const finding of findings) console.error(finding);
if (findings.length > 0) process.exit(1);
