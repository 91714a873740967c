import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { isSigned, signatureOf, signingKey, TOLERANCE_S } from './standard-webhooks.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = Buffer.from('{"grüße": "✓"}');
const NOW_MS = 1_700_000_000_000;
const key = signingKey(SECRET);
const signed = {
  id: 'msg_1',
  timestamp: String(NOW_MS / 1_000),
  signature: signatureOf(key, 'msg_1', NOW_MS / 1_000, BODY),
  body: BODY,
};

describe('a signature', () => {
  it('is the one that the library of the specification makes', () => {
    expect(signed.signature).toBe(new Webhook(SECRET).sign('msg_1', new Date(NOW_MS), BODY.toString()));
  });

  it('holds for its request, also as one of several', () => {
    expect(isSigned([key], signed, NOW_MS)).toBe(true);
    expect(
      isSigned(
        [signingKey(`whsec_${'b'.repeat(32)}`), key],
        { ...signed, signature: `v1a,abc v1,${'a'.repeat(44)} ${signed.signature}` },
        NOW_MS,
      ),
    ).toBe(true);
  });

  it.each([
    ['another body', { body: Buffer.from('{}') }, 0],
    ['another id', { id: 'msg_2' }, 0],
    ['no id', { id: undefined }, 0],
    ['no signature', { signature: undefined }, 0],
    ['another time', { timestamp: '1700000001' }, 0],
    ['no time', { timestamp: 'now' }, 0],
    ['a time too long ago', {}, (TOLERANCE_S + 1) * 1_000],
    ['a time to come', {}, -(TOLERANCE_S + 1) * 1_000],
  ])('does not hold for %s', (_, other, laterMs) => {
    expect(isSigned([key], { ...signed, ...other }, NOW_MS + laterMs)).toBe(false);
  });

  it.each(['', 'whsec_', 'whsec_c2hvcnQ=', 'whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!', 'plain words'])(
    'needs a key, and %p is none',
    (secret) => {
      expect(() => signingKey(secret)).toThrow(
        expect.objectContaining({ code: expect.objectContaining({ code: 'http.secret_malformed' }) }),
      );
    },
  );
});
