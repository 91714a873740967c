/** What is wrong with a glob, or `undefined`. */
export function globProblem(glob: string): string | undefined {
  if (glob === '' || glob.startsWith('/') || glob.includes('//')) return 'a path without leading or double slashes';
  if (/[[\]{}\\]/.test(glob)) return 'only *, ** and ? have a meaning; no brackets, braces or backslashes';
  if (/\*{3,}|[^/*]\*\*|\*\*[^/*]/.test(glob)) return '** stands alone between slashes';
  return undefined;
}

/** What all keys that match begin with. */
export const globPrefix = (glob: string): string => /^[^*?]*/.exec(glob)![0];

/** The keys a glob stands for: `*` any characters but a slash, `**` any parts (also none), `?` one character but a slash. */
export function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|[.+^${}()|]/g, (sign) => {
    if (sign === '**/') return '(?:.*/)?';
    if (sign === '**') return '.*';
    if (sign === '*') return '[^/]*';
    return sign === '?' ? '[^/]' : `\\${sign}`;
  });
  return new RegExp(`^${source}$`, 'su');
}
