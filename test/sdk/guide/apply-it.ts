import { createClient } from '@millrace/sdk/client';
import { apply, type Config, plan } from '@millrace/sdk/config';

// #region apply
export async function makeItSo(config: Config, baseUrl: string, say = console.log): Promise<readonly string[]> {
  const api = createClient({ baseUrl, apiKey: process.env.MILLRACE_API_KEY });
  const planned = await plan(api, config);
  for (const { action, kind, name, changes } of planned.steps) say(action, kind, name, changes);
  const done = await apply(api, planned);
  return done.map(({ action, name }) => `${action} ${name}`);
}
// #endregion apply
