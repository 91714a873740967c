import { dirname } from 'node:path';

/** Folder of this package: its own frames are not what a user looks for. */
const OWN = dirname(import.meta.dirname);
const FRAMES_MAX = 12;

/** Where the user's code called into the pipeline API: `file:///…/job.ts:12:5`. `undefined` where that cannot be told. */
export function callSite(): string | undefined {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_MAX;
  Error.captureStackTrace(holder, callSite);
  Error.stackTraceLimit = limit;
  for (const line of holder.stack?.split('\n').slice(1) ?? []) {
    const place = /\(?((?:file:\/\/|\/|[A-Za-z]:\\).*:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place === undefined || line.includes('node:internal')) continue;
    const path = place.startsWith('file://') ? place.slice('file://'.length) : place;
    if (!path.startsWith(`${OWN}/`) || path.includes('.test.ts')) return place;
  }
  return undefined;
}
