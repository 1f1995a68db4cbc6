// The files of the built page, read once from the package when the daemon starts: what is asked for later is looked up among them, so
// that no path ever leads anywhere else. They were compressed when the page was built. The policy of each answer lets the page load from this server alone, and ask its members.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytes, empty } from '../http/answer.js';
import type { Answer } from '../http/answer.js';
import type { RouteRequest } from '../http/routes.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page itself, and what it loads first: it is there only once the page is built. */
export const INDEX = 'index.html';
const SCRIPT = 'page.js';

/** Codings of HTTP in the order of preference, with the ending of a file that is coded so. */
const CODINGS = [
  { coding: 'br', ending: '.br' },
  { coding: 'gzip', ending: '.gz' },
] as const;

/** A file as it is sent. */
interface Form {
  readonly body: Buffer;
  readonly etag: string;
}

interface PageFile extends Form {
  readonly type: string;
  /** By the name of the coding; absent: it was not built. */
  readonly coded: ReadonlyMap<string, Form>;
}

/** By name, without folders. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** Reads the built page; empty where there is none, as in a clone that was not built. */
export function readPageFiles(directory: string | null = builtPage()): PageFiles {
  const files = new Map<string, PageFile>();
  if (directory === null) return files;
  const names = new Set(readdirSync(directory));
  for (const name of names) {
    const type = TYPES[/\.[a-z]+$/.exec(name)?.[0] ?? ''];
    if (type === undefined) continue;
    const read = (ending: string): Form => formOf(readFileSync(join(directory, name + ending)));
    const built = CODINGS.filter(({ ending }) => names.has(name + ending));
    const coded = new Map(built.map(({ coding, ending }) => [coding, read(ending)]));
    files.set(name, { type, ...read(''), coded });
  }
  return files;
}

function formOf(body: Buffer): Form {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  return { body, etag };
}

/** Beside this file in a build; in the sources, in the build beside them. */
function builtPage(): string | null {
  const own = join(import.meta.dirname, 'page');
  const places = [own, join(dirname(dirname(import.meta.dirname)), 'dist/src/commandcenter/page')];
  return places.find((place) => existsSync(join(place, SCRIPT))) ?? null;
}

/** The answer for a file; `origins` are those that the page may ask beside its own. */
export function fileAnswer(
  file: PageFile,
  { headers }: RouteRequest,
  origins: readonly string[],
): Answer {
  const wanted = headers['accept-encoding'];
  const found = CODINGS.find(({ coding }) => file.coded.has(coding) && takes(wanted, coding));
  const { body, etag } = file.coded.get(found?.coding ?? '') ?? file;
  const coding = found === undefined ? {} : { 'Content-Encoding': found.coding };
  // Kept by nobody without asking: the next version of the daemon has another page.
  const kept = { ETag: etag, 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' };
  const told = { ...pageHeaders(origins), ...kept };
  const known = (headers['if-none-match'] ?? '').split(',').map((one) => one.trim());
  if (known.includes(etag)) return empty(304, told);
  return bytes(200, file.type, body, { ...told, ...coding });
}

/**
 * Whether a caller takes a coding, by its Accept-Encoding; one that says nothing is sent the file as it is.
 * Source: RFC 9110, 12.5.3.
 */
function takes(accepted: string | string[] | undefined, coding: string): boolean {
  const weights = new Map(
    String(accepted ?? '')
      .toLowerCase()
      .split(',')
      .map((part): [string, number] => {
        const [name = '', ...parameters] = part.split(';').map((word) => word.trim());
        const weight = parameters.find((word) => word.startsWith('q='))?.slice(2);
        return [name, weight === undefined ? 1 : Number(weight)];
      }),
  );
  return (weights.get(coding) ?? weights.get('*') ?? 0) > 0;
}

/** Nothing comes from elsewhere, nothing goes elsewhere but to the members, and no other page shows this one. */
export function pageHeaders(origins: readonly string[]): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src ${["'self'", ...origins].join(' ')}`,
    "img-src 'self' data:",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  };
}
