// Why two ends do not get a secure connection, in words for people, and in words that travel: who refuses a caller tells
// it the reason in HTTP/2's last frame, because TLS itself would say nothing or only a number.
// Pure; the codes are those of Node and OpenSSL.

import type { PeerCertificate } from 'node:tls';

/** Whose certificate it is about is in the detail. Told in logs and in error details, and part of the wire format. */
export type TlsReason =
  | 'EXPIRED'
  | 'NOT_YET_VALID'
  | 'WRONG_NAME'
  | 'WRONG_CA'
  | 'NO_CERTIFICATE'
  /** A certificate that names nobody, or is not made for this use. */
  | 'WRONG_USE'
  /** The other end speaks no TLS, this one does. */
  | 'NO_TLS'
  /** The other end asks for TLS, this one speaks none. */
  | 'TLS_EXPECTED'
  | 'HANDSHAKE';

export interface TlsTrouble {
  readonly reason: TlsReason;
  /** A clause about the other end, as in `n2:6000 cannot be used: DETAIL`. */
  readonly detail: string;
  /** What to do, seen from the end that called. */
  readonly hint: string;
}

/** OpenSSL's verdicts on a certificate (`X509_V_ERR_`), as Node names them. Others count as WRONG_CA. */
const VERDICTS: Readonly<Record<string, TlsReason>> = {
  CERT_HAS_EXPIRED: 'EXPIRED',
  CERT_NOT_YET_VALID: 'NOT_YET_VALID',
  ERR_TLS_CERT_ALTNAME_INVALID: 'WRONG_NAME',
  INVALID_PURPOSE: 'WRONG_USE',
};

/** Alerts by which a foreign server that checks in OpenSSL refuses our certificate. */
const ALERTS: readonly (readonly [RegExp, TlsReason])[] = [
  [/ALERT_CERTIFICATE_REQUIRED|SSLV3_ALERT_HANDSHAKE_FAILURE/, 'NO_CERTIFICATE'],
  [/ALERT_CERTIFICATE_EXPIRED/, 'EXPIRED'],
  [/ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE|ALERT_CERTIFICATE_UNKNOWN/, 'WRONG_CA'],
];

/** Why the certificate of the server at `host` is not believed. `code` is Node's `authorizationError`. */
export function serverTrouble(
  code: string,
  certificate: PeerCertificate | null,
  host: string,
): TlsTrouble {
  const reason = VERDICTS[code] ?? 'WRONG_CA';
  return {
    reason,
    detail: `its certificate ${verdict(reason, code, certificate, host)}`,
    hint: SERVER_HINTS[reason] ?? '',
  };
}

/** Why a caller is refused, in a clause about it. `code` null: its certificate is valid and not made for this port. */
export function callerTrouble(
  code: string | null,
  certificate: PeerCertificate | null,
): { readonly reason: TlsReason; readonly detail: string } {
  if (certificate?.raw === undefined) {
    return { reason: 'NO_CERTIFICATE', detail: 'the caller shows no certificate' };
  }
  if (code === null) {
    const detail =
      "the caller's certificate is not a node's (extendedKeyUsage serverAuth) or has no name";
    return { reason: 'WRONG_USE', detail };
  }
  const reason = VERDICTS[code] ?? 'WRONG_CA';
  return { reason, detail: `the caller's certificate ${verdict(reason, code, certificate, '')}` };
}

/** What a handshake that broke says of the other end. */
export function handshakeTrouble(error: NodeJS.ErrnoException): TlsTrouble {
  const { code = '', message } = error;
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code)) return noTls();
  const [, refused] = ALERTS.find(([alert]) => alert.test(code)) ?? [];
  if (refused !== undefined) return refusedBy(refused, 'it refuses our certificate');
  const { reason: own } = error as { reason?: unknown };
  const why = typeof own === 'string' ? own : message;
  return { reason: 'HANDSHAKE', detail: `TLS failed: ${why}`, hint: SERVER_HINTS.WRONG_CA ?? '' };
}

/** The other end closed the connection where it should have spoken, after a handshake that went well. */
export function closedAfterHandshake(): TlsTrouble {
  return refusedBy('HANDSHAKE', 'it closed the connection when it saw our certificate');
}

/** The other end answered with something that is not TLS. */
function noTls(): TlsTrouble {
  const hint = 'Leave --tls-cert, --tls-key and --tls-ca out here, or start that daemon with them.';
  return { reason: 'NO_TLS', detail: 'it speaks no TLS', hint };
}

/** The other end answered a plain call with TLS, or says that it wants it. */
export function tlsExpected(): TlsTrouble {
  const hint = 'Give --tls-cert, --tls-key and --tls-ca.';
  return { reason: 'TLS_EXPECTED', detail: 'it speaks TLS only', hint };
}

/** A refusal as it travels: a word that marks it, the reason, the detail. */
export function writeRefusal(reason: TlsReason, detail: string): string {
  return `${MARK} ${reason} ${detail}`;
}

/** Reads what the other end gave as its last word; null: it is not such a refusal. */
export function readRefusal(text: string): TlsTrouble | null {
  const [mark, reason = '', ...words] = text.split(' ');
  if (mark !== MARK) return null;
  if (reason === 'TLS_EXPECTED') return tlsExpected();
  // What comes from the wire is shown, so only plain text of it is.
  const said = words
    .join(' ')
    .slice(0, DETAIL_LENGTH_MAX)
    .replaceAll(/[^\x20-\x7e]/g, '?');
  return refusedBy(isReason(reason) ? reason : 'HANDSHAKE', `it refuses this end: ${said}`);
}

const MARK = 'quorate-tls';
const DETAIL_LENGTH_MAX = 300;

const SERVER_HINTS: Readonly<Partial<Record<TlsReason, string>>> = {
  EXPIRED: 'Renew its certificate; a daemon takes the new files without a restart.',
  NOT_YET_VALID: 'Compare the clocks of both machines, or wait.',
  WRONG_NAME: 'Ask it by one of its names, or have its certificate issued with this one.',
  WRONG_CA: 'Both sides need the CA that signed the certificate of the other in --tls-ca.',
  WRONG_USE: 'Have its certificate issued with extendedKeyUsage=serverAuth,clientAuth.',
};

const CALLER_HINTS: Readonly<Partial<Record<TlsReason, string>>> = {
  EXPIRED: 'Renew the certificate of --tls-cert, and compare the clocks of both machines.',
  NOT_YET_VALID: 'Compare the clocks of both machines, or wait.',
  WRONG_CA: 'Its --tls-ca must have the CA that signed the certificate of our --tls-cert.',
  NO_CERTIFICATE: 'Give --tls-cert and --tls-key.',
  WRONG_USE: "Peers need a node's certificate: extendedKeyUsage=serverAuth,clientAuth.",
};

function refusedBy(reason: TlsReason, detail: string): TlsTrouble {
  const hint = CALLER_HINTS[reason] ?? 'Its log says why; both sides need certificates of one CA.';
  return { reason, detail, hint };
}

function verdict(
  reason: TlsReason,
  code: string,
  certificate: PeerCertificate | null,
  host: string,
): string {
  const { valid_from: from = '', valid_to: to = '', subjectaltname: names } = certificate ?? {};
  switch (reason) {
    case 'EXPIRED':
      return Date.parse(to) < Date.now()
        ? `expired on ${isoDate(to)}`
        : 'was signed by a CA that has expired';
    case 'NOT_YET_VALID':
      return Date.parse(from) > Date.now()
        ? `is not valid before ${isoDate(from)}`
        : 'was signed by a CA that is not valid yet';
    case 'WRONG_NAME':
      return `is not for ${host}; it has ${names ?? 'no alternative names'}`;
    case 'WRONG_USE':
      return 'is not made for this use';
    default:
      return `was signed by ${signer(certificate)}, which is not trusted here (${code})`;
  }
}

function signer(certificate: PeerCertificate | null): string {
  const [name] = [certificate?.issuer?.CN ?? []].flat();
  return name === undefined ? 'a CA' : `the CA ${JSON.stringify(name)}`;
}

function isoDate(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : new Date(ms).toISOString();
}

function isReason(text: string): text is TlsReason {
  return text in CALLER_HINTS || text in SERVER_HINTS;
}
