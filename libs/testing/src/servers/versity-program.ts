import { goProgram } from './go-program.ts';

/** versitygw; two minutes on two cores when nothing of it was built before. @throws MillraceError `testing.server_did_not_start` with what to install. */
export const versityProgram = (): Promise<string> =>
  goProgram({
    name: 'versitygw',
    module: 'github.com/versity/versitygw/cmd/versitygw',
    version: 'v1.8.0',
    mend: 'Install Go 1.25 or newer, or versitygw itself, or set TEST_VERSITY_URL to a running one (http://key:secret@127.0.0.1:7070).',
  });
