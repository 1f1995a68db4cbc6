// A certificate authority for tests: makes keys and certificates at test time, also wrong ones, and writes them as the PEM
// files that an operator would have. Keys are ECDSA P-256, which are made in a millisecond.
import 'reflect-metadata';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';

import * as x509 from '@peculiar/x509';
import type { TlsFiles } from '../../src/tls/identity.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 60 * 60 * 1000;
const MONTH_MS = 30 * 24 * HOUR_MS;
const USAGES = {
  node: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
  client: [x509.ExtendedKeyUsage.clientAuth],
  server: [x509.ExtendedKeyUsage.serverAuth],
  any: [],
} as const;

export interface CertificatePlan {
  /** Common name; null: none. */
  readonly name: string | null;
  /** Alternative names: host names and IP addresses. Default: localhost and 127.0.0.1. */
  readonly hosts?: readonly string[];
  /** Default: node. */
  readonly use?: keyof typeof USAGES;
  /** From and to, in milliseconds from now. Default: an hour back to a day ahead. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

interface Issued {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  readonly certificate: string;
  readonly #name: string;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(name: string, keys: webcrypto.CryptoKeyPair, certificate: string) {
    this.#name = name;
    this.#keys = keys;
    this.certificate = certificate;
  }

  /** A CA that signed itself; by default valid from a month ago for two. */
  static async make(
    name: string,
    period: { readonly fromMs?: number; readonly toMs?: number } = {},
  ): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: ALGORITHM,
      ...datesOf({ fromMs: -MONTH_MS, toMs: MONTH_MS, ...period }),
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new Authority(name, keys, certificate.toString('pem'));
  }

  /** A certificate with its key, as PEM. */
  async issue(plan: CertificatePlan): Promise<Issued> {
    const keys = await newKeys();
    const { name, hosts = ['localhost', '127.0.0.1'], use = 'node' } = plan;
    const alternatives = hosts.map((host) => ({
      type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
      value: host,
    }));
    const certificate = await x509.X509CertificateGenerator.create({
      ...(name === null ? {} : { subject: [{ CN: [name] }] }),
      issuer: `CN=${this.#name}`,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      ...datesOf(plan),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)]),
        ...(use === 'any' ? [] : [new x509.ExtendedKeyUsageExtension([...USAGES[use]])]),
      ],
    });
    const exported = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    const key = x509.PemConverter.encode(exported, 'PRIVATE KEY');
    return { cert: certificate.toString('pem'), key };
  }

  /** Issues a certificate and writes the three files of its holder; `trusted`: all CAs it trusts, default this one. */
  async write(
    directory: string,
    plan: CertificatePlan,
    trusted: readonly Authority[] = [this],
  ): Promise<TlsFiles> {
    const { cert, key } = await this.issue(plan);
    mkdirSync(directory, { recursive: true });
    const files = {
      certFile: join(directory, 'node.crt'),
      keyFile: join(directory, 'node.key'),
      caFile: join(directory, 'ca.crt'),
    };
    replaceFile(files.certFile, cert);
    replaceFile(files.keyFile, key);
    replaceFile(files.caFile, trusted.map(({ certificate }) => `${certificate}\n`).join(''));
    return files;
  }
}

/** Replaces a file as careful tools do: a new one is written and renamed. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  if ('privateKey' in keys) return keys;
  throw new Error('expected a pair of keys');
}

function datesOf({ fromMs = -HOUR_MS, toMs = 24 * HOUR_MS }: { fromMs?: number; toMs?: number }) {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs + fromMs), notAfter: new Date(nowMs + toMs) };
}
