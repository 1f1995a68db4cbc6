// The files of the built page, read once from the package when the daemon starts: what is asked for later is looked up among them, so
// that no path ever leads anywhere else. The policy of each answer lets the page load from this server alone, and ask its members.

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

interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

/** By name, without folders. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** Reads the built page; empty where there is none, as in a clone that was not built. */
export function readPageFiles(directory: string | null = builtPage()): PageFiles {
  const files = new Map<string, PageFile>();
  if (directory === null) return files;
  for (const name of readdirSync(directory)) {
    const type = TYPES[/\.[a-z]+$/.exec(name)?.[0] ?? ''];
    if (type === undefined) continue;
    const body = readFileSync(join(directory, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
    files.set(name, { type, body, etag });
  }
  return files;
}

/** Beside this file in a build; in the sources, in the build beside them. */
function builtPage(): string | null {
  const own = join(import.meta.dirname, 'page');
  const places = [own, join(dirname(dirname(import.meta.dirname)), 'dist/src/commandcenter/page')];
  return places.find((place) => existsSync(join(place, SCRIPT))) ?? null;
}

/** The answer for a file; `origins` are those that the page may ask beside its own. */
export function fileAnswer(
  { type, body, etag }: PageFile,
  { headers }: RouteRequest,
  origins: readonly string[],
): Answer {
  // Kept by nobody without asking: the next version of the daemon has another page.
  const told = { ...pageHeaders(origins), ETag: etag, 'Cache-Control': 'no-cache' };
  const known = (headers['if-none-match'] ?? '').split(',').map((one) => one.trim());
  return known.includes(etag) ? empty(304, told) : bytes(200, type, body, told);
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
