import { type Browser, chromium } from 'playwright-core';
import { chromiumProgram } from './chromium-program.ts';

/** A browser for tests of pages on this machine; it sends nothing elsewhere. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a Chromium without a window. The caller closes it. @throws MillraceError `testing.server_did_not_start` */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumProgram(), args: FLAGS });
}
