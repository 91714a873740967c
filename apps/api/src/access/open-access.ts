import { MillraceError } from '@millrace/kernel';
import type { FastifyRequest } from 'fastify';
import { refuseForeignOrigin } from '../http/origin-guard.ts';
import { isLoopback } from '../settings/settings.ts';
import { NotThisMachine } from './errors.ts';

/** Headers by which a proxy tells for whom it asks. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/**
 * Where being on this machine is the permission: the other end of the connection has to be this machine, nobody may be behind it, and no page of
 * another site may have sent it.
 * @throws MillraceError `access.not_this_machine`, `request.foreign_origin`
 */
export function refuseOtherMachines(request: FastifyRequest): void {
  // The connection's own address: what a proxy says of others counts for nothing here.
  const peer = request.raw.socket.remoteAddress ?? '';
  const header = FORWARDED.find((name) => request.headers[name] !== undefined);
  if (!isLoopback(peer.replace(/^::ffff:/, '')) || header !== undefined) {
    throw new MillraceError(NotThisMachine, {
      message:
        header === undefined
          ? 'while there is no API key, the API answers callers on its own machine only'
          : `while there is no API key, the API answers callers on its own machine only, and the header ${header} says that somebody else is behind this one`,
      mend: 'Make the first key on that machine: millrace init.',
    });
  }
  refuseForeignOrigin(request);
}
