import { types } from 'node:util';
import { MillraceError } from '@millrace/kernel';
import { UserError } from '@platformatic/kafka';
import { CertificateRefused } from '../errors.ts';

const { isNativeError } = types;

/** How the client library says that the answer to a plain request was an alert of TLS. */
const WANTS_TLS = 'Broker requires TLS.';

interface TlsFailure {
  /** Of Node.js: `code` of the error. */
  readonly codes: RegExp;
  readonly message: string;
  readonly mend: string;
  readonly pointer: string;
}

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes and the alerts of TLS as OpenSSL names them. The first that fits counts. */
const FAILURES: readonly TlsFailure[] = [
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    message: "the brokers' certificate is for another host",
    mend: 'Name the brokers in "brokers" and in their advertised.listeners as their certificates do (subjectAltName), or have certificates made for these names.',
    pointer: '/brokers',
  },
  {
    codes: /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    message: "the brokers' certificate is out of date",
    mend: "Renew it (ssl.keystore of the brokers), or correct this machine's clock.",
    pointer: '/brokers',
  },
  {
    codes:
      /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED)$/,
    message: "the brokers' certificate is of an authority that is not trusted here",
    mend: "Give the authority's certificate (PEM) as tls.ca.",
    pointer: '/tls/ca',
  },
  {
    codes: /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE|ACCESS_DENIED)/,
    message: "the brokers refuse this client's certificate, or want one",
    mend: "Give a certificate that the brokers' truststore knows as tls.certificate, and its key as tlsKey.",
    pointer: '/tls/certificate',
  },
  {
    codes: /^ERR_OSSL_|KEY_VALUES_MISMATCH|NO_START_LINE/,
    message: "a certificate or key can't be read, or they don't belong together",
    mend: 'Check that tls.ca and tls.certificate are PEM certificates, and tlsKey is the PEM key of tls.certificate.',
    pointer: '/tls',
  },
];

/** What keeps TLS from being spoken, found among an error and its causes; `undefined` when it is something else. */
export function tlsError(error: unknown): MillraceError | undefined {
  if (error instanceof UserError && error.message === WANTS_TLS) {
    const info = {
      message: 'the brokers want TLS',
      mend: 'Set tls ({} trusts the authorities of this system).',
      pointer: '/tls',
    };
    return new MillraceError(CertificateRefused, info, { cause: error });
  }
  for (let cause: unknown = error; isNativeError(cause); cause = cause.cause) {
    const code = (cause as { readonly code?: unknown }).code;
    if (typeof code !== 'string') continue;
    const failure = FAILURES.find(({ codes }) => codes.test(code));
    if (failure === undefined) continue;
    const { mend, pointer } = failure;
    return new MillraceError(
      CertificateRefused,
      { message: `${failure.message} (${code})`, mend, pointer },
      { cause: error },
    );
  }
  return undefined;
}
