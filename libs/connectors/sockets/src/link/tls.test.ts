import { expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { freePort, TestAuthority } from '@millrace/testing';
import { insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink, DrivenSource } from '@millrace/testing/drivers';
import { connectionSchema } from '../config.ts';
import { socketsSink } from '../sink/sockets-sink.ts';
import { socketsSource } from '../source/sockets-source.ts';
import { checkConnection } from './check-connection.ts';

it('with certificates at both ends, a sink reaches a source, and nobody does without one of the right authority', async () => {
  const authority = await TestAuthority.make('authority');
  const stranger = await TestAuthority.make('stranger');
  const [ofServer, ofClient, ofStranger] = await Promise.all([
    authority.sign('collector', ['collector.test']),
    authority.sign('worker'),
    stranger.sign('worker'),
  ]);
  const port = await freePort();
  await using source = await DrivenSource.start(socketsSource, {
    config: {
      listen: `127.0.0.1:${port}`,
      tls: { ca: authority.certificate, certificate: ofServer.certificate },
      tlsKey: ofServer.key,
    },
    stage: { framing: 'length-prefixed', table: 'in.rows', columns: { op: 'text', row: 'jsonb' } },
    read: (batch) => changeEvents(batch).map(({ after }) => JSON.stringify(after!['row'])),
  });
  const way = { connect: `127.0.0.1:${port}`, allow: ['127.0.0.1'] };
  const trusting = { ca: authority.certificate, serverName: 'collector.test' };
  const config = { ...way, tls: { ...trusting, certificate: ofClient.certificate }, tlsKey: ofClient.key };
  const sink = await DrivenSink.start(socketsSink, { config, stage: { framing: 'length-prefixed' } });
  await sink.write(...insertBatches(0, 20));
  await sink.prepare(1);
  await source.untilEvents(20);
  expect(source.events.map((text) => Number(/"id\\*":\\*"?(\d+)/.exec(text)![1]))).toEqual(numbers(0, 20));
  await sink.close();
  await source.until(() => source.metric('connections') === 0);

  const found = async (more: object): Promise<readonly string[]> => {
    const findings = await checkConnection(
      connectionSchema.parse({ ...config, ...more }),
      new AbortController().signal,
    );
    return findings.map(({ code }) => code);
  };
  expect(await found({})).toEqual(['sockets.reachable']);
  const other = { ca: stranger.certificate, certificate: ofClient.certificate, serverName: 'collector.test' };
  expect(await found({ tls: other })).toEqual(['sockets.certificate_refused']);
  const misnamed = { ...trusting, serverName: 'other.test', certificate: ofClient.certificate };
  expect(await found({ tls: misnamed })).toEqual(['sockets.certificate_refused']);
  expect(await found({ tlsKey: 'no key' })).toEqual(['sockets.certificate_malformed']);
  expect(source.metric('connectionsRefused')).toBeGreaterThan(0);

  // In TLS 1.3 the client is done before the server has looked at its certificate.
  const before = source.metric('connectionsRefused');
  for (const more of [
    { tls: trusting, tlsKey: undefined },
    { tls: { ...trusting, certificate: ofStranger.certificate }, tlsKey: ofStranger.key },
  ]) {
    await found(more);
  }
  await source.until(() => source.metric('connectionsRefused') >= before + 2);
  expect(source.events).toHaveLength(20);
}, 60_000);
