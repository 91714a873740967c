import { expect, it } from '@jest/globals';
import { RestClient } from './rest-client.ts';

it('shows requests without their secrets', async () => {
  const shown: string[] = [];
  const rest = new RestClient('http://127.0.0.1:1', (line) => shown.push(line));
  const config = { user: 'u', password: 'planted', secretAccessKey: 'planted', tlsKey: '${file:/run/key}' };
  await expect(rest.post('sinks', { config })).rejects.toMatchObject({ code: { code: 'cli.api_unreachable' } });
  expect(shown.join()).not.toContain('planted');
  expect(shown.join()).toContain(
    '"user":"u","password":"********","secretAccessKey":"********","tlsKey":"${file:/run/key}"',
  );
});
