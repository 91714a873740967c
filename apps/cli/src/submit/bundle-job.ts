import { errorCode, MillraceError } from '@millrace/kernel';
import { type BuildFailure, build, type Message } from 'esbuild';

export const JobDoesNotCompile = errorCode('cli.job_does_not_compile', {
  domain: 'user',
  retry: 'never',
  title: 'The job does not compile',
});

/** What the platform provides: of these there is one in each process. */
const PLATFORM = '@millrace/*';
const ERRORS_SHOWN = 5;

/**
 * One file with everything the job imports but the platform's packages; for Node.js 22 and later.
 * @throws MillraceError `cli.job_does_not_compile` with file, line and column
 */
export async function bundleJob(file: string): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node22',
      external: [PLATFORM],
      sourcemap: 'inline',
      sourcesContent: false,
      logLevel: 'silent',
      // CommonJS libraries in the bundle call it.
      banner: {
        js: "import { createRequire as millraceRequire } from 'node:module'; const require = millraceRequire(import.meta.url);",
      },
    });
    return outputFiles[0]!.text;
  } catch (error) {
    const errors = (error as Partial<BuildFailure>).errors;
    if (errors === undefined) throw error;
    throw new MillraceError(JobDoesNotCompile, {
      message: errors.slice(0, ERRORS_SHOWN).map(described).join('\n'),
      mend: errors.some(({ text }) => text.includes('.node"'))
        ? 'Native add-ons cannot be uploaded: use a library in JavaScript.'
        : 'Mend it and submit again.',
      details: { errors: errors.length },
    });
  }
}

function described({ text, location }: Message): string {
  if (location === null) return text;
  const { file, line, column, lineText } = location;
  return `${file}:${line}:${column + 1}: ${text}\n  ${lineText}\n  ${' '.repeat(column)}^`;
}
