// Certificate, private key and CA as read from three files: what they say, whether they fit together, and the secure
// context that both ends of a connection use. Pure but for OpenSSL: bytes and the present time come in, and whatever does
// not fit is refused with the file's name and what to do. Reading, watching and replacing the files is identity.ts.

import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { QuorateError } from '../errors.js';
import { callerOf, mayServe } from './caller.js';

/** Paths as the operator wrote them. */
export interface TlsFiles {
  /** PEM: the certificate, then intermediate ones if there are any. */
  readonly certFile: string;
  /** PEM: its private key, not encrypted. */
  readonly keyFile: string;
  /** PEM: the certificates of the CAs that are trusted; two of them while one replaces the other. */
  readonly caFile: string;
}

/** A node both calls and is called, so its certificate must allow both; a client's need not. */
export type TlsUse = 'node' | 'client';

export interface TlsBytes {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** One set of files that fits together. Immutable; a reload makes another. */
export interface TlsMaterial extends TlsBytes {
  /** For servers and clients alike. */
  readonly context: SecureContext;
  /** Whom others see: the common name, or the first alternative name. */
  readonly name: string;
  /** Alternative names as OpenSSL writes them: `DNS:n1.example, IP Address:192.168.2.10`. */
  readonly subjectAltName: string;
  /** On the wall clock; the first of the whole chain that ends. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** A chain that is longer is a mistake, or a loop. */
const CHAIN_LENGTH_MAX = 10;

/**
 * Checks one set of files. Refuses with TLS_FILES, naming the file: no PEM, a key that does not fit, a certificate that
 * is not valid at `nowMs`, that the CA did not sign, or that does not allow `use`.
 */
export function materialFrom(
  files: TlsFiles,
  bytes: TlsBytes,
  use: TlsUse,
  nowMs: number,
): TlsMaterial {
  const [leaf, ...intermediates] = certificatesIn(files.certFile, bytes.cert);
  const authorities = certificatesIn(files.caFile, bytes.ca);
  const key = keyIn(files.keyFile, bytes.key);
  if (!leaf.checkPrivateKey(key)) {
    const detail = `the key in ${files.keyFile} does not fit the certificate in ${files.certFile}`;
    throw refused(files.keyFile, detail, 'Give --tls-key and --tls-cert that were made together.');
  }
  const legacy = leaf.toLegacyObject();
  const caller = callerOf(legacy);
  if (caller === null) {
    const detail = `${files.certFile}: the certificate names nobody`;
    throw refused(
      files.certFile,
      detail,
      'Have one issued with a common name (CN), such as CN=n1.',
    );
  }
  checkUse(files.certFile, legacy.ext_key_usage ?? [], use);
  const chain = [leaf, ...chainTo(authorities, leaf, intermediates, files)];
  for (const certificate of chain) checkPeriod(certificate, leaf, files, nowMs);
  return {
    ...bytes,
    context: contextFor(files, bytes),
    name: caller.name,
    subjectAltName: leaf.subjectAltName ?? '',
    notBeforeMs: Math.max(...chain.map(({ validFrom }) => Date.parse(validFrom))),
    notAfterMs: Math.min(...chain.map(({ validTo }) => Date.parse(validTo))),
  };
}

/**
 * Options of a listening port, for `createServer` and `setSecureContext` of node:tls and node:https. Nobody resumes a session
 * there: certificates are checked for each connection, so that the end of one and a new CA count at once.
 */
export function serverContextOf({ cert, key, ca }: TlsBytes): SecureContextOptions {
  return { cert, key, ca, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET };
}

/** Whether the certificate is valid for a host, as whoever connects to it checks; null: it is, else why not. */
export function whyNotFor({ cert }: TlsBytes, host: string): string | null {
  const legacy = new X509Certificate(cert).toLegacyObject();
  return checkServerIdentity(host, legacy)?.message ?? null;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn(file: string, bytes: Buffer): [X509Certificate, ...X509Certificate[]] {
  const text = bytes.toString('latin1');
  const [first, ...rest] = (text.match(CERTIFICATE) ?? []).map((pem) => {
    try {
      return new X509Certificate(pem);
    } catch (cause) {
      const hint = 'Copy the file again, or have the certificate issued again.';
      throw refused(file, `${file}: the certificate is damaged: ${reasonOf(cause)}`, hint, cause);
    }
  });
  if (first !== undefined) return [first, ...rest];
  const what = text.includes('PRIVATE KEY') ? 'holds a private key' : 'holds no certificate';
  const hint = 'Give a file in PEM form that begins with -----BEGIN CERTIFICATE-----.';
  throw refused(file, `${file} ${what}, expected a certificate`, hint);
}

function keyIn(file: string, bytes: Buffer): KeyObject {
  const text = bytes.toString('latin1');
  if (!text.includes('PRIVATE KEY-----')) {
    const what = text.includes('BEGIN CERTIFICATE') ? 'holds a certificate' : 'holds no key';
    const hint = 'Give a file in PEM form that begins with -----BEGIN PRIVATE KEY-----.';
    throw refused(file, `${file} ${what}, expected a private key`, hint);
  }
  if (text.includes('ENCRYPTED')) {
    const hint = `Decrypt it with \`openssl pkey -in ${file} -out NEW\` and keep it readable for the daemon only.`;
    throw refused(file, `the key in ${file} is encrypted`, hint);
  }
  try {
    return createPrivateKey(bytes);
  } catch (cause) {
    const hint = 'Copy the file again, or make a new key and have a certificate issued for it.';
    throw refused(file, `${file}: the key is damaged: ${reasonOf(cause)}`, hint, cause);
  }
}

/** A CA's certificate without that list allows every use; one for clients alone must say so, so that it is no node's. */
function checkUse(file: string, extendedKeyUsage: readonly string[], use: TlsUse): void {
  const mayCall = extendedKeyUsage.includes(CLIENT_AUTH);
  if (use === 'client' && (mayCall || extendedKeyUsage.length === 0)) return;
  if (use === 'node' && mayCall && mayServe(extendedKeyUsage)) return;
  const need = use === 'node' ? 'serverAuth,clientAuth' : 'clientAuth';
  const detail = `${file}: the certificate does not allow what ${use === 'node' ? 'a node' : 'a client'} does with it`;
  throw refused(file, detail, `Have one issued with extendedKeyUsage=${need}.`);
}

/** Extended key usage: TLS client authentication (RFC 5280 §4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** The certificates above `leaf` up to one that signed itself and is among the authorities. */
function chainTo(
  authorities: readonly X509Certificate[],
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  { certFile, caFile }: TlsFiles,
): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let at = leaf; chain.length < CHAIN_LENGTH_MAX;) {
    const authority = authorities.find((other) => hasSigned(other, at));
    const issuer = authority ?? intermediates.find((other) => hasSigned(other, at));
    if (issuer === undefined) break;
    chain.push(issuer);
    if (authority !== undefined && hasSigned(authority, authority)) return chain;
    at = issuer;
  }
  const top = chain.at(-1);
  const why =
    top === undefined
      ? `the certificate in ${certFile} was not signed by the CA in ${caFile}`
      : `${caFile} lacks the CA that signed ${nameOf(top)}`;
  const hint = `Add the certificate of the CA that signed it to the file of --tls-ca: ${issuerOf(top ?? leaf)}.`;
  throw refused(caFile, why, hint);
}

function hasSigned(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function checkPeriod(
  certificate: X509Certificate,
  leaf: X509Certificate,
  { certFile, caFile }: TlsFiles,
  nowMs: number,
): void {
  const [fromMs, toMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (nowMs >= fromMs && nowMs <= toMs) return;
  const isLeaf = certificate === leaf;
  const file = isLeaf ? certFile : caFile;
  const what = isLeaf
    ? `the certificate in ${file}`
    : `the CA ${nameOf(certificate)}, which signed the certificate in ${certFile},`;
  if (nowMs < fromMs) {
    const hint = 'Set the clock of this machine right, or wait until then.';
    throw refused(file, `${what} is not valid before ${new Date(fromMs).toISOString()}`, hint);
  }
  const hint = isLeaf ? 'Have it renewed.' : 'Have the CA renewed, and the certificates it signed.';
  throw refused(file, `${what} expired on ${new Date(toMs).toISOString()}`, hint);
}

function contextFor(files: TlsFiles, { cert, key, ca }: TlsBytes): SecureContext {
  try {
    return createSecureContext({ cert, key, ca, minVersion: 'TLSv1.2' });
  } catch (cause) {
    const detail = `OpenSSL does not take ${files.certFile}: ${reasonOf(cause)}`;
    const hint = 'Have a certificate issued with a current key and signature, such as ECDSA P-256.';
    throw refused(files.certFile, detail, hint, cause);
  }
}

function nameOf(certificate: X509Certificate): string {
  return callerOf(certificate.toLegacyObject())?.name ?? oneLine(certificate.subject);
}

function issuerOf(certificate: X509Certificate): string {
  return oneLine(certificate.issuer);
}

function oneLine(text: string): string {
  return text.replaceAll('\n', ', ');
}

/** OpenSSL's own words for what is wrong, without its numbers. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { reason } = error as { reason?: unknown };
  return typeof reason === 'string' ? reason : oneLine(error.message);
}

function refused(file: string, message: string, hint: string, cause?: unknown): QuorateError {
  return new QuorateError('TLS_FILES', message, { file }, { hint, cause });
}
