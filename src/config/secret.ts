// Values that stand in a file in encrypted form: AES-256-GCM under a key that is derived for each value from the key in
// QUORATE_KEY and a random salt. The text form names its version, so that a later one can differ; the version is
// authenticated with the rest. Nothing here prints, and no error contains a value or a key.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import { Wrong } from './scalars.js';

/** The variable that holds the key. */
export const KEY_VARIABLE = 'QUORATE_KEY';
/** Bytes of a plain value. */
export const SECRET_BYTES_MAX = 64 * 1024;

const VERSION = 'quorate-secret-1';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** A generated key: this, then its bytes in base64url. */
const KEY_PREFIX = 'quorate-key-';
const PASSPHRASE_BYTES_MIN = 16;
/** About 64 MiB and a tenth of a second. Source: RFC 7914; OWASP, password storage. */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 } as const;

/** A key of 256 random bits, as QUORATE_KEY takes it. */
export function generatedKey(): string {
  return `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString('base64url')}`;
}

/** Encrypts a value. Throws `Wrong` for a key that cannot be one, or a value that is too large. */
export function encrypted(plain: string, key: string | undefined): string {
  if (Buffer.byteLength(plain) > SECRET_BYTES_MAX) {
    throw wrong(`the value has more than ${SECRET_BYTES_MAX} bytes`);
  }
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', derivedKey(key, salt), nonce, {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(Buffer.from(VERSION));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return `${VERSION}.${Buffer.concat([salt, nonce, cipher.getAuthTag(), body]).toString('base64url')}`;
}

/** Whether the text has the form of an encrypted value. */
export function looksEncrypted(text: string): boolean {
  return text.startsWith(`${VERSION}.`);
}

/** The value behind an encrypted text. Throws `Wrong`: no key, another key, text that was changed or is none. */
export function decrypted(text: string, key: string | undefined): string {
  const bytes = bytesOf(text);
  const salt = bytes.subarray(0, SALT_BYTES);
  const nonce = bytes.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
  const tag = bytes.subarray(SALT_BYTES + NONCE_BYTES, SALT_BYTES + NONCE_BYTES + TAG_BYTES);
  const body = bytes.subarray(SALT_BYTES + NONCE_BYTES + TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', derivedKey(key, salt), nonce, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(VERSION));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  } catch {
    throw wrong(
      `it does not open with the key in ${KEY_VARIABLE}: encrypted with another, or changed`,
    );
  }
}

function bytesOf(text: string): Buffer {
  const encoded = text.slice(VERSION.length + 1);
  const bytes = Buffer.from(encoded, 'base64url');
  const isWhole =
    looksEncrypted(text) &&
    bytes.length >= SALT_BYTES + NONCE_BYTES + TAG_BYTES &&
    bytes.toString('base64url') === encoded;
  if (isWhole) return bytes;
  throw wrong('it is no encrypted value, whole as `quorate secret encrypt` prints it');
}

/** A generated key has all its entropy and is only separated by the salt; a passphrase is made costly to guess. */
function derivedKey(key: string | undefined, salt: Buffer): Buffer {
  if (key === undefined || key === '') {
    throw wrong(
      `${KEY_VARIABLE} is not set; that environment variable holds the key of encrypted values`,
    );
  }
  if (key.startsWith(KEY_PREFIX)) {
    const encoded = key.slice(KEY_PREFIX.length);
    const bytes = Buffer.from(encoded, 'base64url');
    if (bytes.length !== KEY_BYTES || bytes.toString('base64url') !== encoded) {
      throw wrong(`the key in ${KEY_VARIABLE} is not whole, as \`quorate secret key\` prints it`);
    }
    return Buffer.from(hkdfSync('sha256', bytes, salt, VERSION, KEY_BYTES));
  }
  if (Buffer.byteLength(key) < PASSPHRASE_BYTES_MIN) {
    throw wrong(
      `the passphrase in ${KEY_VARIABLE} is too short: at least ${PASSPHRASE_BYTES_MIN} bytes, or take a key of \`quorate secret key\``,
    );
  }
  return scryptSync(key, salt, KEY_BYTES, SCRYPT);
}

function wrong(message: string): Wrong {
  return new Wrong(message, { isWhole: true });
}
