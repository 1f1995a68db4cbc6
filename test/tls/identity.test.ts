// Certificate, key and CA as files: what is refused and in which words, how they are replaced while a process runs, and
// whom a certificate speaks for. Certificates are real and made here; only the clock is ours where a period is tested.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { QuorateError } from '../../src/errors.js';
import { callerOf } from '../../src/tls/caller.js';
import { TlsIdentity, tlsFilesFrom } from '../../src/tls/identity.js';
import type { TlsFiles, TlsNews, TlsUse } from '../../src/tls/identity.js';
import { Authority, replaceFile } from '../support/authority.js';

const HOUR_MS = 60 * 60 * 1000;

const root = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
let ca: Authority;
let otherCa: Authority;
let good: TlsFiles;
const identities: TlsIdentity[] = [];

beforeAll(async () => {
  ca = await Authority.make('CA 1');
  otherCa = await Authority.make('CA 2');
  good = await ca.write(join(root, 'good'), { name: 'n1' });
});

afterEach(() => {
  for (const identity of identities.splice(0)) identity.close();
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function load(files: TlsFiles, use: TlsUse = 'node', now = Date.now): TlsIdentity {
  const identity = TlsIdentity.load(files, use, now);
  identities.push(identity);
  return identity;
}

function refusal(work: () => unknown): QuorateError {
  try {
    work();
  } catch (error) {
    if (error instanceof QuorateError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

let fileCount = 0;
function file(text: string): string {
  fileCount += 1;
  const path = join(root, `file-${fileCount}.pem`);
  writeFileSync(path, text);
  return path;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > endMs) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('files that cannot be used', () => {
  const cut = (path: string): string => readFileSync(path, 'utf8').slice(0, 200);
  const damaged = (path: string): string => readFileSync(path, 'utf8').replace(/\n.{20}/, '\n');

  test.each<{
    readonly name: string;
    readonly files: () => Partial<TlsFiles> | Promise<Partial<TlsFiles>>;
    readonly use?: TlsUse;
    readonly says: RegExp;
    readonly hints: RegExp;
  }>([
    {
      name: 'a certificate that is not there',
      files: () => ({ certFile: join(root, 'nosuch.crt') }),
      says: /^cannot read .*nosuch\.crt: there is no such file$/,
      hints: /--tls-cert/,
    },
    {
      name: 'a directory in the place of the key',
      files: () => ({ keyFile: root }),
      says: /^cannot read .*: it is a directory$/,
      hints: /--tls-key/,
    },
    {
      name: 'a certificate that is no PEM',
      files: () => ({ certFile: file('hello') }),
      says: /holds no certificate/,
      hints: /BEGIN CERTIFICATE/,
    },
    {
      name: 'an empty CA',
      files: () => ({ caFile: file('') }),
      says: /file-\d+\.pem holds no certificate/,
      hints: /BEGIN CERTIFICATE/,
    },
    {
      name: 'certificate and key exchanged',
      files: () => ({ certFile: good.keyFile, keyFile: good.certFile }),
      says: /node\.key holds a private key, expected a certificate/,
      hints: /BEGIN CERTIFICATE/,
    },
    {
      name: 'a certificate in the place of the key',
      files: () => ({ keyFile: good.certFile }),
      says: /node\.crt holds a certificate, expected a private key/,
      hints: /BEGIN PRIVATE KEY/,
    },
    {
      name: 'a certificate that was cut off',
      files: () => ({ certFile: file(cut(good.certFile)) }),
      says: /holds no certificate/,
      hints: /PEM/,
    },
    {
      name: 'a damaged certificate',
      files: () => ({ certFile: file(damaged(good.certFile)) }),
      says: /the certificate is damaged/,
      hints: /Copy the file again/,
    },
    {
      name: 'a damaged key',
      files: () => ({ keyFile: file(damaged(good.keyFile)) }),
      says: /the key is damaged/,
      hints: /Copy the file again/,
    },
    {
      name: 'an encrypted key',
      files: () => ({
        keyFile: file(
          '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----',
        ),
      }),
      says: /is encrypted/,
      hints: /openssl pkey/,
    },
    {
      name: 'a key of another certificate',
      files: async () => ({ keyFile: file((await ca.issue({ name: 'n2' })).key) }),
      says: /does not fit the certificate/,
      hints: /made together/,
    },
    {
      name: 'a certificate that another CA signed',
      files: () => ({ caFile: file(otherCa.certificate) }),
      says: /was not signed by the CA in/,
      hints: /CN=CA 1/,
    },
    {
      name: 'the certificate itself in the place of the CA',
      files: () => ({ caFile: good.certFile }),
      says: /was not signed by the CA in/,
      hints: /--tls-ca/,
    },
    {
      name: 'a certificate that expired',
      files: () => ca.write(join(root, 'expired'), { name: 'n1', fromMs: -HOUR_MS, toMs: -1000 }),
      says: /the certificate in .* expired on \d{4}-/,
      hints: /renewed/,
    },
    {
      name: 'a certificate from tomorrow',
      files: () => ca.write(join(root, 'early'), { name: 'n1', fromMs: HOUR_MS }),
      says: /is not valid before \d{4}-/,
      hints: /clock/,
    },
    {
      name: 'a CA that expired',
      files: async () => {
        const old = await Authority.make('Old CA', { fromMs: -2 * HOUR_MS, toMs: -HOUR_MS });
        return old.write(join(root, 'old-ca'), { name: 'n1' });
      },
      says: /the CA Old CA, which signed .* expired on/,
      hints: /CA renewed/,
    },
    {
      name: "a client's certificate for a node",
      files: () => ca.write(join(root, 'client'), { name: 'alice', use: 'client' }),
      says: /does not allow what a node does/,
      hints: /extendedKeyUsage=serverAuth,clientAuth/,
    },
    {
      name: 'a certificate without a list of uses for a node',
      files: () => ca.write(join(root, 'any'), { name: 'n1', use: 'any' }),
      says: /does not allow what a node does/,
      hints: /extendedKeyUsage=serverAuth,clientAuth/,
    },
    {
      name: "a server's certificate for a client",
      files: () => ca.write(join(root, 'server'), { name: 'web', use: 'server' }),
      use: 'client',
      says: /does not allow what a client does/,
      hints: /extendedKeyUsage=clientAuth/,
    },
    {
      name: 'a certificate without a name',
      files: () => ca.write(join(root, 'nameless'), { name: null, hosts: [] }),
      says: /names nobody/,
      hints: /CN=/,
    },
  ])('$name: is refused in one line', async ({ files, use = 'node', says, hints }) => {
    const given = { ...good, ...(await files()) };
    const error = refusal(() => load(given, use));
    expect(error).toMatchObject({ code: 'TLS_FILES', exitCode: 1 });
    expect(error.message).toMatch(says);
    expect(error.hint).toMatch(hints);
    expect(`${error.message}${error.hint}`).not.toContain('\n');
    expect([given.certFile, given.keyFile, given.caFile]).toContain(error.data['file']);
  });

  test.each([
    { given: { tlsCert: 'c' }, missing: '--tls-key and --tls-ca' },
    { given: { tlsKey: 'k', tlsCa: '' }, missing: '--tls-cert and --tls-ca' },
    { given: { tlsCert: 'c', tlsCa: 'a' }, missing: '--tls-key' },
  ])('are wrong usage where $missing is missing', ({ given, missing }) => {
    const error = refusal(() => tlsFilesFrom(given));
    expect(error).toMatchObject({ code: 'WRONG_USAGE', exitCode: 2 });
    expect(error.message).toContain(missing);
  });

  test('are none where none is named', () => {
    expect(tlsFilesFrom({ tlsCert: '', tlsKey: '', tlsCa: '' })).toBeNull();
    expect(tlsFilesFrom({})).toBeNull();
  });
});

describe('an identity', () => {
  test('has the name, the names of its hosts, and the first end of its chain', () => {
    const { current } = load(good);
    expect(current.name).toBe('n1');
    expect(current.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1');
    expect(current.notAfterMs - Date.now()).toBeGreaterThan(23 * HOUR_MS);
    expect(current.cert).toEqual(readFileSync(good.certFile));
  });

  test('refuses hosts that its certificate is not for', () => {
    const identity = load(good);
    identity.requireHosts(() => ['127.0.0.1', 'localhost']);
    const error = refusal(() => identity.requireHosts(() => ['127.0.0.1', '192.168.2.10']));
    expect(error.message).toMatch(
      /is not for 192\.168\.2\.10, .* it has DNS:localhost, IP Address/,
    );
  });

  test('takes other files on demand and tells who listens, once', async () => {
    const files = await ca.write(join(root, 'reload'), { name: 'n1' });
    const identity = load(files);
    const names: string[] = [];
    const forget = identity.onChange(({ name }) => names.push(name));
    expect(await identity.reload()).toBe(false);
    await ca.write(join(root, 'reload'), { name: 'n1-new' });
    expect(await Promise.all([identity.reload(), identity.reload()])).toEqual([true, true]);
    expect(identity.current.name).toBe('n1-new');
    forget();
    await ca.write(join(root, 'reload'), { name: 'n1-newer' });
    expect(await identity.reload()).toBe(true);
    expect(names).toEqual(['n1-new']);
  });

  test('keeps what it has when the new files are bad', async () => {
    const files = await ca.write(join(root, 'bad-reload'), { name: 'n1' });
    const identity = load(files);
    identity.requireHosts(() => ['localhost']);
    const before = identity.current;
    await ca.write(join(root, 'bad-reload'), { name: 'n1', hosts: ['elsewhere'] });
    await expect(identity.reload()).rejects.toThrow(/is not for localhost/);
    replaceFile(files.keyFile, 'gone');
    await expect(identity.reload()).rejects.toThrow(/holds no key/);
    rmSync(files.certFile);
    await expect(identity.reload()).rejects.toThrow(/there is no such file/);
    expect(identity.current).toBe(before);
  });

  test('that is watched takes new files by itself, tells of bad ones once, and of its end', async () => {
    const files = await ca.write(join(root, 'watched'), { name: 'n1' });
    const identity = load(files);
    const told: string[] = [];
    const news: TlsNews = {
      onChanged: () => told.push(`changed ${identity.current.name}`),
      onRefused: ({ message }) => told.push(`refused: ${message.split(' ').slice(1).join(' ')}`),
      onExpiry: (_notAfterMs, hasExpired) => told.push(hasExpired ? 'expired' : 'expires soon'),
    };
    identity.watch(news);
    replaceFile(files.keyFile, 'gone');
    await until('bad files are told', () => told.length === 1);
    await ca.write(join(root, 'watched'), { name: 'n2', fromMs: -HOUR_MS, toMs: HOUR_MS / 10 });
    await until('new files and their near end are told', () => told.length === 3);
    identity.close();
    const refused = 'refused: holds no key, expected a private key';
    expect(told).toEqual([refused, 'changed n2', 'expires soon']);
  });

  test('that is watched tells once that it has expired', async () => {
    const directory = join(root, 'ended');
    let nowMs = Date.now();
    const identity = load(await ca.write(directory, { name: 'n1' }), 'node', () => nowMs);
    nowMs += 48 * HOUR_MS;
    const told: string[] = [];
    identity.watch({
      onChanged: () => told.push('changed'),
      onRefused: () => told.push('refused'),
      onExpiry: (_notAfterMs, hasExpired) => told.push(hasExpired ? 'expired' : 'expires soon'),
    });
    await until('it is told', () => told.length > 0);
    const later = await Authority.make('CA 3', { toMs: 500 * HOUR_MS });
    await later.write(directory, { name: 'n1', toMs: 500 * HOUR_MS });
    await until('the renewed one is taken', () => told.includes('changed'));
    identity.close();
    expect(told).toEqual(['expired', 'changed']);
  });
});

describe('a caller', () => {
  const subject = (CN: string | string[]) => ({ CN, C: '', ST: '', L: '', O: '', OU: '' }) as never;
  const server = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];

  test.each([
    { name: 'the common name', certificate: { subject: subject('n1') }, is: 'n1' },
    { name: 'the first of several', certificate: { subject: subject(['a', 'b']) }, is: 'a' },
    { name: 'a host', certificate: { subjectaltname: 'DNS:n1.example, DNS:n1' }, is: 'n1.example' },
    { name: 'an address', certificate: { subjectaltname: 'IP Address:10.0.0.1' }, is: '10.0.0.1' },
    { name: 'a mailbox', certificate: { subjectaltname: 'email:a@b.example' }, is: 'a@b.example' },
    { name: 'a quoted name', certificate: { subjectaltname: 'DNS:"a, DNS:b"' }, is: 'a, DNS:b' },
    { name: 'nobody', certificate: {}, is: null },
    { name: 'nobody by a line end', certificate: { subject: subject('a\nb') }, is: null },
    { name: 'nobody by half a character', certificate: { subject: subject('a\ud800') }, is: null },
    { name: 'nobody by too much', certificate: { subject: subject('a'.repeat(257)) }, is: null },
  ])('is known by $name', ({ certificate, is }) => {
    expect(callerOf(certificate)?.name ?? null).toBe(is);
  });

  test('is a node if it may serve', () => {
    const node = { subject: subject('n1'), ext_key_usage: server };
    expect(callerOf(node)?.isNode).toBe(true);
    expect(callerOf({ ...node, ext_key_usage: server.slice(1) })?.isNode).toBe(false);
    expect(callerOf({ subject: subject('n1') })?.isNode).toBe(false);
  });
});
