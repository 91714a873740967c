import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Certificate, freePort, KAFKA_USER, KafkaServer, TestAuthority } from '@millrace/testing';
import { clusterConfig } from '../config.ts';
import { kafkaSink } from '../connector.ts';
import { committedMessages } from '../test-support/committed-messages.ts';
import { startSink } from '../test-support/drive.ts';
import { inserts, tableOf } from '../test-support/events.ts';
import { newTopic } from '../test-support/test-cluster.ts';

const { signal } = new AbortController();
const login = { sasl: { mechanism: 'SCRAM-SHA-256', username: KAFKA_USER.username }, password: KAFKA_USER.password };
let server: KafkaServer;
let ca: string;
let other: TestAuthority;
let client: Certificate;

beforeAll(async () => {
  const authority = await TestAuthority.make('brokers');
  other = await TestAuthority.make('somebody else');
  ca = authority.certificate;
  client = await authority.sign('millrace');
  server = await KafkaServer.start({
    tls: { server: await authority.sign('broker', ['localhost']), authority: ca },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const checked = (config: object) => kafkaSink.check(clusterConfig.parse(config), signal);
/** The listener that wants no certificate of its clients. */
const withLogin = (config: object = {}) => ({ brokers: [server.saslTlsBrokers], tls: { ca }, ...login, ...config });
const withCertificate = () => ({
  brokers: [server.tlsBrokers],
  tls: { ca, certificate: client.certificate },
  tlsKey: client.key,
});

describe('TLS', () => {
  it.each([
    ['a login', () => withLogin()],
    ['a login by PLAIN', () => withLogin({ sasl: { ...login.sasl, mechanism: 'PLAIN' } })],
    ['a certificate', withCertificate],
  ])('carries everything, with %s', async (_what, config) => {
    expect(await checked(config())).toMatchObject([{ code: 'kafka.brokers_reached', severity: 'ok' }]);
    const topic = await newTopic(server.brokers);
    await using sink = await startSink({ config: config(), stage: { topic, format: 'json' }, jobId: topic });
    await sink.write(inserts(tableOf('orders'), 0, 10));
    await sink.snapshot(1);
    expect(await committedMessages(server.brokers, [topic])).toHaveLength(10);
  });

  it.each([
    ['an authority that is not trusted', '/tls/ca', () => withLogin({ tls: {} })],
    ['another authority', '/tls/ca', () => withLogin({ tls: { ca: other.certificate } })],
    [
      'another host name',
      '/brokers',
      () => withLogin({ brokers: [server.saslTlsBrokers.replace('localhost', '127.0.0.1')] }),
    ],
    ['no certificate where one is wanted', '/tls/certificate', () => ({ brokers: [server.tlsBrokers], tls: { ca } })],
    ['a key that is not of the certificate', '/tls', () => ({ ...withCertificate(), tlsKey: other.certificate })],
    ['a certificate that is none', '/tls', () => ({ ...withCertificate(), tls: { ca, certificate: 'nonsense' } })],
  ])('is refused with a finding: %s', async (_what, pointer, config) => {
    const findings = await checked(config());
    expect(findings).toMatchObject([{ code: 'kafka.certificate_refused', severity: 'error', pointer }]);
    expect(JSON.stringify(findings)).not.toContain('PRIVATE KEY');
  });

  it("is refused with a finding: a client's certificate of an authority that the brokers don't know", async () => {
    const { certificate, key } = await other.sign('stranger');
    const config = { brokers: [server.tlsBrokers], tls: { ca, certificate }, tlsKey: key };
    expect(await checked(config)).toMatchObject([{ code: 'kafka.certificate_refused', pointer: '/tls/certificate' }]);
  });

  it('is told from a wrong password, and from brokers that are not there', async () => {
    expect(await checked(withLogin({ password: 'not it' }))).toMatchObject([{ code: 'kafka.login_refused' }]);
    const nobody = withLogin({ brokers: [`localhost:${await freePort()}`] });
    expect(await checked(nobody)).toMatchObject([{ code: 'kafka.unreachable' }]);
  });

  // It may as well be a broker that was killed just then: not a refusal for good.
  it('with a listener that has none is a connection that fails', async () => {
    expect(await checked({ brokers: [server.brokers], tls: { ca } })).toMatchObject([
      {
        code: 'kafka.unreachable',
        message: expect.stringContaining(server.brokers),
        mend: expect.stringContaining('TLS'),
      },
    ]);
  });

  it('is asked for where it is left out', async () => {
    expect(await checked({ brokers: [server.tlsBrokers] })).toMatchObject([
      { code: 'kafka.certificate_refused', severity: 'error', pointer: '/tls' },
    ]);
  });
});
