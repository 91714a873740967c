import type { Socket } from 'node:net';
import type { JobIdentity } from '@millrace/connector-contract';
import type { ProcessorContext } from '@millrace/engine';
import type { Connection } from '../config.ts';
import type { Framing } from '../framing/framing.ts';
import { Dialer } from './dialer.ts';
import { Port } from './port.ts';

export interface LinkOptions {
  readonly config: Connection;
  readonly job: JobIdentity;
  readonly context: Pick<ProcessorContext, 'clock' | 'generation' | 'metrics' | 'signal'>;
  readonly framing: Framing;
  /** What the other end has to say may end while it still listens. */
  readonly allowHalfOpen: boolean;
  /** Gets each connection, ready and paused; its errors are handled. */
  readonly connected: (socket: Socket) => void;
  readonly failed: (error: unknown) => void;
}

/** Where connections come from. */
export interface Link {
  /** @throws MillraceError `sockets.cannot_listen`, `sockets.certificate_malformed` */
  open(): Promise<void>;
  /** Ends connections that have nothing more to say, breaks the others. */
  close(): Promise<void>;
}

export const linkOf = (options: LinkOptions): Link =>
  options.config.listen === undefined ? new Dialer(options) : new Port(options);
