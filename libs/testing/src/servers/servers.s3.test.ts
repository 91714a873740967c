import { expect, it } from '@jest/globals';
import { S3Server } from './s3-server.ts';

it('starts the S3 server again after a crash, at the same address', async () => {
  await using server = await S3Server.start();
  const { pid, url } = server;
  await server.restart('SIGKILL');
  expect(server.url).toBe(url);
  expect(server.pid).not.toBe(pid);
  // Without a signature.
  expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(403);
});
