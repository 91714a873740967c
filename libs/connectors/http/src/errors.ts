import { isCertificateCode } from '@millrace/connector-contract';
import { errorCode, MillraceError } from '@millrace/kernel';

export const Unreachable = errorCode('http.unreachable', {
  domain: 'external',
  retry: 'later',
  title: 'The receiver does not answer',
});
export const Failing = errorCode('http.failing', {
  domain: 'external',
  retry: 'later',
  title: 'The receiver answers with errors of its own',
});
export const EndpointRefused = errorCode('http.endpoint_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The receiver takes nothing at this address',
});
export const RecordRefused = errorCode('http.record_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The receiver refuses a record',
  ofRecord: true,
});
const AddressRefused = errorCode('http.address_refused', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The name leads to an address that is not allowed',
});
export const CertificateRefused = errorCode('http.certificate_refused', {
  domain: 'external',
  retry: 'after-repair',
  title: 'The certificate of the receiver does not hold',
});
export const SecretMalformed = errorCode('http.secret_malformed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Not a signing secret',
});

export const CannotListen = errorCode('http.cannot_listen', {
  domain: 'external',
  retry: 'later',
  title: 'The port cannot be opened',
});

export const addressRefused = (host: string, address: string): MillraceError =>
  new MillraceError(AddressRefused, {
    message:
      host === address
        ? `${address} is not a public address`
        : `${host} leads to ${address}, which is not a public address`,
    mend: `If the receiver is in your own network, allow it: allow: ["${address}"] in the config of the sink.`,
    details: { host, address },
  });

/** What went wrong on the way to a receiver. Errors of the client may hold headers: never a cause. */
export function connectionError(error: unknown, origin: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (isCertificateCode(code))
    return new MillraceError(CertificateRefused, {
      message: `the certificate of ${origin} does not hold: ${code}`,
      mend: 'Have it renewed, or name its authority in the option ca.',
    });
  return new MillraceError(Unreachable, {
    message: `${origin} does not answer: ${code === '' ? message : code}`,
    mend: 'Look whether the receiver runs and can be reached from the workers; the job tries again.',
  });
}
