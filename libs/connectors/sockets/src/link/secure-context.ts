import { createSecureContext, type SecureContext } from 'node:tls';
import type { Connection } from '../config.ts';
import { certificateMalformed } from '../errors.ts';

/** Certificates and key of an end that speaks TLS; `undefined` of one that does not. @throws MillraceError `sockets.certificate_malformed` */
export function secureContextOf({ tls, tlsKey }: Connection): SecureContext | undefined {
  if (tls === undefined) return undefined;
  try {
    return createSecureContext({
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.certificate === undefined ? {} : { cert: tls.certificate, key: tlsKey! }),
    });
  } catch (error) {
    throw certificateMalformed(error);
  }
}
