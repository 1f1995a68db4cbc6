// Whom a certificate speaks for: the name that goes to `authorise`, into events and logs, and whether it is a node's.
// Pure. The rule: the name is the subject's common name, else the first alternative name; and a node's certificate is one
// that may serve (extended key usage serverAuth), because whoever may answer as a node is one.

import type { PeerCertificate } from 'node:tls';

export interface Caller {
  readonly name: string;
  /** Its word about others is believed, and peers listen to it. */
  readonly isNode: boolean;
}

/** Longer names are refused rather than cut, so that two never become one. */
const NAME_LENGTH_MAX = 256;

/** Extended key usage: TLS server authentication (RFC 5280 §4.2.1.12). */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** Reads a certificate that was verified; null: it names nobody, or by a name that cannot be shown. */
export function callerOf(certificate: {
  readonly subject?: PeerCertificate['subject'];
  readonly subjectaltname?: string | undefined;
  readonly ext_key_usage?: string[] | undefined;
}): Caller | null {
  const { subject, subjectaltname = '', ext_key_usage: usage = [] } = certificate;
  // A subject with several common names has an array in the place of the text.
  const [common] = [subject?.CN ?? []].flat();
  const name = common ?? firstAlternative(subjectaltname);
  if (!canBeShown(name)) return null;
  return { name, isNode: mayServe(usage) };
}

/** Whether a name is fit for logs and events: not empty, bounded, on one line. */
export function canBeShown(name: string): boolean {
  return name !== '' && name.length <= NAME_LENGTH_MAX && !UNPRINTABLE.test(name);
}

/** Whether such a certificate may stand for a server; without the list it says nothing, and is no node's. */
export function mayServe(extendedKeyUsage: readonly string[]): boolean {
  return extendedKeyUsage.includes(SERVER_AUTH);
}

/** Control characters, line ends and what stands for bytes that were no text. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u;

/** Of `DNS:n1.example, IP Address:192.168.2.10`; Node puts names with special characters in quotes. */
function firstAlternative(text: string): string {
  const [, quoted, plain = ''] =
    /^(?:DNS|IP Address|URI|email):(?:"([^"\\]*)"|([^,"]*))/.exec(text) ?? [];
  return quoted ?? plain;
}
