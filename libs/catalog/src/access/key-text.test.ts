import { describe, expect, it } from '@jest/globals';
import { hashesEqual, hashOf, keyText, newSecret, parseKey } from './key-text.ts';

const ID = '01KB0000000000000000000000';

describe('the text of an API key', () => {
  it('is read back, whatever the secret', () => {
    for (let round = 0; round < 200; round++) {
      const secret = newSecret();
      const text = keyText({ id: ID, secret });
      expect(text).toHaveLength(79);
      expect(parseKey(text)).toEqual({ id: ID, secret });
    }
  });

  it('tells every single character that is wrong, and a key that is cut off', () => {
    const text = keyText({ id: ID, secret: Buffer.alloc(32, 7) });
    for (let at = 4; at < text.length; at++) {
      const other = text[at] === '0' ? '1' : '0';
      if (text[at] === '_') continue;
      expect(parseKey(`${text.slice(0, at)}${other}${text.slice(at + 1)}`)).toBe('mistyped');
      expect(parseKey(text.slice(0, at))).toBe('mistyped');
    }
    expect(parseKey('password')).toBeUndefined();
  });

  it('is stored as a hash that only its secret has', () => {
    const secret = newSecret();
    expect(hashesEqual(hashOf(secret), hashOf(Buffer.from(secret)))).toBe(true);
    expect(hashesEqual(hashOf(secret), hashOf(newSecret()))).toBe(false);
    expect(hashesEqual(hashOf(secret), Buffer.alloc(3))).toBe(false);
  });
});
