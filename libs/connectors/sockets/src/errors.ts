import { errorCode, MillraceError } from '@millrace/kernel';

const Unreachable = errorCode('sockets.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The other end cannot be connected to',
});
const AddressRefused = errorCode('sockets.address_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The name leads to an address that is not allowed',
});
const CertificateRefused = errorCode('sockets.certificate_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The certificate of the other end does not hold',
});
const CertificateMalformed = errorCode('sockets.certificate_malformed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A certificate or key that is none',
});
const CannotListen = errorCode('sockets.cannot_listen', {
  domain: 'external',
  retry: 'later',
  title: 'The port cannot be opened',
});
const Fenced = errorCode('sockets.fenced', {
  domain: 'internal',
  retry: 'never',
  title: 'A newer execution has the port',
});
const NotAcknowledged = errorCode('sockets.not_acknowledged', {
  domain: 'external',
  retry: 'later',
  title: 'The other end acknowledges nothing',
});
export const FrameRefused = errorCode('sockets.frame_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A line or frame that is no row',
  ofRecord: true,
});
export const FrameTooLong = errorCode('sockets.frame_too_long', {
  domain: 'external',
  retry: 'after-repair',
  title: 'A line or frame is too long',
  ofRecord: true,
});

export const addressRefused = (host: string, address: string): MillraceError =>
  new MillraceError(AddressRefused, {
    message:
      host === address
        ? `${address} is not a public address`
        : `${host} leads to ${address}, which is not a public address`,
    mend: `If the other end is in your own network, allow it: allow: ["${address}"] in the config.`,
    details: { host, address },
  });

/** Messages of OpenSSL may quote what they could not read: only the code is said. */
export const certificateMalformed = (error: unknown): MillraceError =>
  new MillraceError(CertificateMalformed, {
    message: `tls.ca, tls.certificate or tlsKey cannot be used: ${(error as NodeJS.ErrnoException).code ?? 'not PEM'}`,
    mend: 'Each is PEM (-----BEGIN …), and tlsKey is the key of tls.certificate.',
  });

export const cannotListen = (listen: string, error: unknown): MillraceError =>
  new MillraceError(CannotListen, {
    message: `can't listen at ${listen}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
    mend: 'Give each job with a port of the worker one of its own that is free on every worker, and an address that workers have.',
  });

export const fenced = (listen: string): MillraceError =>
  new MillraceError(Fenced, { message: `a newer execution of this job listens at ${listen}` });

export const notAcknowledged = (place: string, connections: number): MillraceError =>
  new MillraceError(NotAcknowledged, {
    message: `${place} was sent rows over ${connections} connections in a row, and acknowledged none`,
    mend: 'Let it answer ACK and the number of frames that it has kept of the connection, or set acknowledge: false to do without.',
  });

const CERTIFICATE = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL_)/;

/** What went wrong on the way to the other end. */
export function connectionError(error: unknown, place: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (CERTIFICATE.test(code))
    return new MillraceError(CertificateRefused, {
      message: `the certificate of ${place} does not hold: ${code}`,
      mend: 'Have it renewed, or name its authority in tls.ca and the name in it in tls.serverName. Does the other end speak TLS?',
    });
  return new MillraceError(Unreachable, {
    message: `${place} does not answer: ${code === '' ? message : code}`,
    mend: 'Look whether the other end runs and can be reached from the workers; the job tries again.',
  });
}

/** Is it of no use to try again? */
export const isFinal = (error: MillraceError): boolean => error.code !== Unreachable;
