import { describe, expect, it } from '@jest/globals';
import { SecretBox } from './secret-box.ts';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const box = SecretBox.of(key(1));

describe('the secret box', () => {
  it('opens what it sealed, each time with another ciphertext', () => {
    const sealed = box.seal('pässword', 'source/1/password');
    expect(box.open(sealed, 'source/1/password')).toBe('pässword');
    expect(sealed).not.toContain('password');
    expect(box.seal('pässword', 'source/1/password')).not.toBe(sealed);
  });

  it('does not open at another place or after a change', () => {
    const sealed = box.seal('password', 'source/1/password');
    const corrupt = expect.objectContaining({ code: expect.objectContaining({ code: 'secret.corrupt' }) });
    expect(() => box.open(sealed, 'source/2/password')).toThrow(corrupt as unknown as Error);
    expect(() => box.open(`${sealed.slice(0, -2)}AA`, 'source/1/password')).toThrow(/cannot be decrypted/);
    expect(() => box.open('v1.x', 'source/1/password')).toThrow(/cannot be decrypted/);
  });

  it('rotates: old keys open, the current key seals', () => {
    const old = box.seal('password', 'a');
    const rotated = SecretBox.of(key(2), `${key(3)}, ${key(1)}`);
    expect(rotated.open(old, 'a')).toBe('password');
    expect(rotated.isOutdated(old)).toBe(true);
    expect(rotated.isOutdated(rotated.seal('password', 'a'))).toBe(false);
    expect(() => SecretBox.of(key(2)).open(old, 'a')).toThrow(/MILLRACE_SECRET_KEYS_OLD|does not have/);
    expect(rotated.macMatches('body', box.mac('body'))).toBe(true);
    expect(rotated.macMatches('other', box.mac('body'))).toBe(false);
  });

  it.each(['', 'short', Buffer.alloc(31).toString('base64'), `${key(1)}x`, '!'.repeat(44)])(
    'refuses %j as a key',
    (text) => {
      expect(() => SecretBox.of(text)).toThrow(/32 bytes in base64/);
    },
  );
});
