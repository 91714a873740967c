import { generate } from 'selfsigned';

/** A certificate with its key, in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** An authority made for a test, and what it signs. */
export class TestAuthority {
  /** PEM of what to trust. */
  readonly certificate: string;
  readonly #key: string;

  private constructor(certificate: string, key: string) {
    this.certificate = certificate;
    this.#key = key;
  }

  static async make(name: string): Promise<TestAuthority> {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true },
      ],
    });
    return new TestAuthority(cert, key);
  }

  /** @param hosts DNS names a server is reached by; none: of a client */
  async sign(name: string, hosts: readonly string[] = []): Promise<Certificate> {
    const names = { name: 'subjectAltName' as const, altNames: hosts.map((value) => ({ type: 2 as const, value })) };
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      algorithm: 'sha256',
      ca: { key: this.#key, cert: this.certificate },
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        ...(hosts.length > 0 ? [names] : []),
      ],
    });
    return { certificate: cert, key };
  }
}
