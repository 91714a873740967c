import { goProgram } from './go-program.ts';

/** nats-server; fifteen seconds on two cores when nothing of it was built before. @throws MillraceError `testing.server_did_not_start` with what to install. */
export const natsProgram = (): Promise<string> =>
  goProgram({
    name: 'nats-server',
    module: 'github.com/nats-io/nats-server/v2',
    version: 'v2.14.9',
    mend: 'Install Go 1.25 or newer, or nats-server 2.12 or newer itself, or set TEST_NATS_URL to a running one with JetStream (nats://127.0.0.1:4222).',
  });
