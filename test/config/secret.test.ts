// Encrypted values: what was encrypted comes back under the same key and under no other, any change is noticed, and no
// error shows a value. Keys as `secret key` makes them, and passphrases.
import { describe, expect, test } from 'vitest';
import { decrypted, encrypted, generatedKey, SECRET_BYTES_MAX } from '../../src/config/secret.js';

const KEY = generatedKey();
const PLAIN = 'hunter2, größer als 16 Bytes';

describe('an encrypted value', () => {
  test('comes back under its key, and is never the same twice', () => {
    const one = encrypted(PLAIN, KEY);
    expect(one).not.toBe(encrypted(PLAIN, KEY));
    expect(decrypted(one, KEY)).toBe(PLAIN);
    expect(decrypted(encrypted('', KEY), KEY)).toBe('');
  });

  test('opens with a passphrase that is long enough', () => {
    const passphrase = 'correct horse battery staple';
    expect(decrypted(encrypted(PLAIN, passphrase), passphrase)).toBe(PLAIN);
    expect(() => encrypted(PLAIN, 'too short')).toThrow(
      'the passphrase in QUORATE_KEY is too short',
    );
  });

  test('does not open with another key, and the error shows neither value nor key', () => {
    const text = encrypted(PLAIN, KEY);
    expect(() => decrypted(text, generatedKey())).toThrow(
      /^it does not open with the key in QUORATE_KEY/,
    );
    expect(() => decrypted(text, undefined)).toThrow(/^QUORATE_KEY is not set/);
    expect(() => decrypted(text, `${KEY}A`)).toThrow(/^the key in QUORATE_KEY is not whole/);
  });

  test('does not open once any byte of it was changed, cut or added', () => {
    const text = encrypted(PLAIN, KEY);
    const dot = text.indexOf('.') + 1;
    const bytes = Buffer.from(text.slice(dot), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const tampered = `${text.slice(0, dot)}${changed.toString('base64url')}`;
      expect(() => decrypted(tampered, KEY)).toThrow('does not open');
    }
    for (const broken of [text.slice(0, -1), `${text}A`, text.replace('-1.', '-2.'), 'plain', '']) {
      expect(() => decrypted(broken, KEY)).toThrow(/does not open|no encrypted value/);
    }
  });

  test('has a bound', () => {
    expect(() => encrypted('x'.repeat(SECRET_BYTES_MAX + 1), KEY)).toThrow('more than 65536 bytes');
  });
});
