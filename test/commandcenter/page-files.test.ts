// The files of the page as they are sent: as they are, or compressed as the caller takes them. Each form has a tag of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { fileAnswer, readPageFiles } from '../../src/commandcenter/page-files.js';
import type { RouteRequest } from '../../src/http/routes.js';

const SCRIPT = `export const words = '${'quorum '.repeat(500)}';\n`;

const directory = mkdtempSync(join(tmpdir(), 'quorate-page-'));
writeFileSync(join(directory, 'page.js'), SCRIPT);
writeFileSync(join(directory, 'page.js.br'), brotliCompressSync(SCRIPT));
writeFileSync(join(directory, 'page.js.gz'), gzipSync(SCRIPT));
writeFileSync(join(directory, 'page.css'), 'body {}');
writeFileSync(join(directory, 'notes.txt'), 'not of the page');
const files = readPageFiles(directory);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function asked(name: string, headers: RouteRequest['headers']) {
  const file = files.get(name);
  if (file === undefined) throw new Error(`expected ${name} among the files`);
  const query = new Map() as unknown as RouteRequest['query'];
  const request = { headers, query, peer: '127.0.0.1:1', body: Buffer.alloc(0), isTls: false };
  return fileAnswer(file, request, []);
}

describe('the files of the page', () => {
  test('are those of the page alone, compressed ones under the name of the file', () => {
    expect([...files.keys()].sort((a, b) => (a < b ? -1 : 1))).toEqual(['page.css', 'page.js']);
  });

  test.each([
    { accepted: 'gzip, deflate, br, zstd', coding: 'br' },
    { accepted: 'gzip', coding: 'gzip' },
    { accepted: 'GZIP;q=0.5', coding: 'gzip' },
    { accepted: 'br;q=0, gzip', coding: 'gzip' },
    { accepted: '*', coding: 'br' },
    { accepted: '*;q=0', coding: undefined },
    { accepted: 'identity', coding: undefined },
    { accepted: 'deflate, bread', coding: undefined },
    { accepted: '', coding: undefined },
    { accepted: undefined, coding: undefined },
  ])('are sent to who takes $accepted as $coding', ({ accepted, coding }) => {
    const headers = accepted === undefined ? {} : { 'accept-encoding': accepted };
    const { body, headers: told } = asked('page.js', headers);
    expect(told['Content-Encoding']).toBe(coding);
    expect(told['Vary']).toBe('Accept-Encoding');
    expect(told['Content-Type']).toBe('text/javascript; charset=utf-8');
    const plain =
      coding === 'br' ? brotliDecompressSync(body) : coding === 'gzip' ? gunzipSync(body) : body;
    expect(plain.toString()).toBe(SCRIPT);
  });

  test('are sent as they are where nothing was compressed', () => {
    const { body, headers } = asked('page.css', { 'accept-encoding': 'br, gzip' });
    expect([body.toString(), headers['Content-Encoding']]).toEqual(['body {}', undefined]);
  });

  test('have a tag for each form, which spares sending that form again', () => {
    const forms = ['br', 'gzip', 'identity'];
    const tags = forms.map((coding) => asked('page.js', { 'accept-encoding': coding }).headers);
    expect(new Set(tags.map(({ ETag: tag }) => tag)).size).toBe(3);
    const [br = {}] = tags;
    const again = (coding: string) =>
      asked('page.js', { 'accept-encoding': coding, 'if-none-match': br['ETag'] ?? '' });
    expect([again('br').status, again('gzip').status]).toEqual([304, 200]);
    expect(again('br').headers['Vary']).toBe('Accept-Encoding');
  });
});
