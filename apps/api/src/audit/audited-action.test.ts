import { expect, it } from '@jest/globals';
import { actionOfRoute } from './audited-action.ts';

it.each([
  ['POST', '/api/v1/sources', 'source.create'],
  ['PATCH', '/api/v1/sources/:id', 'source.update'],
  ['DELETE', '/api/v1/api-keys/:id', 'api_key.delete'],
  ['POST', '/api/v1/jobs/:id/suspend', 'job.suspend'],
  ['POST', '/api/v1/jobs/:id/dead-letters/cancel-replay', 'dead_letter.cancel_replay'],
  ['DELETE', '/api/v1/sources/:id/slots/:slot', 'slot.delete'],
  ['PUT', '/api/v1/jobs/:id', 'job.replace'],
])('%s %s is %s', (method, url, action) => {
  expect(actionOfRoute(method, url)).toBe(action);
});
