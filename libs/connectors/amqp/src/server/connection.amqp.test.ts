import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import { expect, it } from '@jest/globals';
import { AMQP_USER, freePort, TestAuthority, testAmqp } from '@millrace/testing';
import { connectionSchema } from '../config.ts';
import { checkBroker } from './check-broker.ts';

const codes = async (options: object): Promise<readonly string[]> =>
  (await checkBroker(connectionSchema.parse(options))).map(({ code }) => code);

it('goes on to the next host where the first one is away', async () => {
  const { host } = await testAmqp();
  expect(await codes({ hosts: [`127.0.0.1:${await freePort()}`, host] })).toEqual(['amqp.reachable']);
});

it('logs in with user and password, and says that the login is refused', async () => {
  const { host } = await testAmqp();
  expect(await codes({ hosts: [host], ...AMQP_USER })).toEqual(['amqp.reachable']);
  expect(await codes({ hosts: [host], ...AMQP_USER, password: 'wrong' })).toEqual(['amqp.login_refused']);
});

it('speaks TLS with who has a certificate of a trusted authority for the host, and with nobody else', async () => {
  const [host, port] = (await testAmqp()).host.split(':');
  const authority = await TestAuthority.make('millrace test');
  const { certificate, key } = await authority.sign('localhost', ['localhost']);
  // In front of the broker: its own keys are in a format of Java's.
  const server = createServer({ cert: certificate, key }, (socket) => {
    const broker = connect(Number(port), host!);
    for (const [from, to] of [
      [socket, broker],
      [broker, socket],
    ] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = (name: string) => [`${name}:${(server.address() as AddressInfo).port}`];
  const tls = { ca: authority.certificate };
  expect(await codes({ hosts: at('localhost'), tls })).toEqual(['amqp.reachable']);
  expect(await codes({ hosts: at('127.0.0.1'), tls })).toEqual(['amqp.unreachable']);
  expect(await codes({ hosts: at('localhost'), tls: {} })).toEqual(['amqp.unreachable']);
  server.close();
});
