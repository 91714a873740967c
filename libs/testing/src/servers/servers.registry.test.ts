import { expect, it } from '@jest/globals';
import { RegistryServer } from './registry-server.ts';

it('starts the schema registry again after a crash, with what was registered', async () => {
  await using server = await RegistryServer.start();
  const registered = await fetch(`${server.url}/subjects/orders-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: '"string"' }),
  });
  const { id } = (await registered.json()) as { readonly id: number };
  await server.restart('SIGKILL');
  const found = await fetch(`${server.url}/schemas/ids/${id}`);
  expect(await found.json()).toMatchObject({ schema: '"string"' });
});
