const CERTIFICATE = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL_|ERR_TLS_)/;

/** Does an error of a connection with this code say that the certificate of the other end does not hold? https://nodejs.org/api/tls.html#x509-certificate-error-codes */
export const isCertificateCode = (code: string): boolean => CERTIFICATE.test(code);
