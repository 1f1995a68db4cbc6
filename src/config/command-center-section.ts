// The section `commandCenter` of a configuration file: the password by which operators act from the page, plain or encrypted. Pure but
// for opening encrypted values; no error shows the password.

import { maybeEncrypted } from './sections.js';
import type { Mapping } from './value.js';

/** Characters of a password: fewer are guessed, more are no password but a file. */
const PASSWORD_LENGTH_MIN = 12;
const PASSWORD_LENGTH_MAX = 256;

/** Null: nobody can log in. */
export interface CommandCenterConfig {
  readonly password: string | null;
}

/** Why a text cannot be the password; null: it can. */
export function whyNoPassword(text: string): string | null {
  const { length } = Array.from(text);
  if (length < PASSWORD_LENGTH_MIN) return `at least ${PASSWORD_LENGTH_MIN} characters`;
  return length > PASSWORD_LENGTH_MAX ? `at most ${PASSWORD_LENGTH_MAX} characters` : null;
}

/** `commandCenter`; `key` is that of encrypted values. */
export function commandCenterSection(root: Mapping, key: string | undefined): CommandCenterConfig {
  const section = root.section('commandCenter', ['password']);
  const value = section.get('password');
  if (value === null) return { password: null };
  const read = maybeEncrypted(value, key);
  if (read === null) return { password: null };
  const why = whyNoPassword(read.plain);
  if (why !== null) value.complain(`expected a password of ${why}`);
  return { password: read.plain };
}
