// From the bytes of a configuration file to a tree of YAML whose places are known, or to the errors of its syntax in our words.
// Every scalar stays text as it is written, so that no version of YAML decides what `no` or `1.10` means. Aliases are
// refused: a few lines of them can stand for gigabytes. Pure.

import { LineCounter, isScalar, parseDocument, visit } from 'yaml';
import type { Node, YAMLError } from 'yaml';
import { Problems, shown } from './problems.js';
import type { ConfigError } from './problems.js';

/** Size of a file; one of a thousand processes has less. */
export const FILE_BYTES_MAX = 128 * 1024;
/** Depths that the parser, which recurses, is given; the schema needs 5. */
const BRACKETS_MAX = 100;
const TOO_DEEP = [/^ {200}/m, /^\s*(?:[-?] +){50}/m, /(?:[^\s:]:\s+){50}/];
const TOO_DEEP_TEXT = 'lists or mappings are nested too deeply here, or a bracket is not closed';

type ParsedDocument = ReturnType<typeof parseDocument>;

export interface Source {
  readonly root: Node | null;
  readonly placeOf: (offset: number) => { readonly line: number; readonly col: number };
}

/** Reads bytes as UTF-8, with or without a byte order mark; answers text, or why it is none. */
export function decoded(
  bytes: Uint8Array,
): { readonly text: string } | { readonly error: ConfigError } {
  const at = (line: number, column: number, message: string): { readonly error: ConfigError } => {
    return { error: { line, column, message } };
  };
  if (bytes.length > FILE_BYTES_MAX) {
    return at(1, 1, `expected at most ${FILE_BYTES_MAX} bytes, got ${bytes.length}`);
  }
  const isUtf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) return at(1, 1, 'the file is UTF-16; save it as UTF-8');
  const text = new TextDecoder('utf-8').decode(bytes);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const { line, column } = placeIn(text, text.indexOf('\ufffd'));
    return at(line, column, 'the file is not valid UTF-8 here; save it as UTF-8');
  }
  // oxlint-disable-next-line no-control-regex
  const control = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/);
  if (control < 0) return { text };
  const { line, column } = placeIn(text, control);
  return at(line, column, 'a control character stands here; is it a text file?');
}

/** The tree, or every error of the syntax. */
export function parsedYaml(text: string): Source | { readonly errors: readonly ConfigError[] } {
  const problems = new Problems();
  const lineCounter = new LineCounter();
  lineCounter.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lineCounter.addNewLine(index + 1);
  const placeOf = (offset: number): { line: number; col: number } => lineCounter.linePos(offset);
  const tooDeep = tooDeepAt(text);
  if (tooDeep >= 0) return { errors: [{ ...placeIn(text, tooDeep), message: TOO_DEEP_TEXT }] };
  for (const { index } of text.matchAll(/^ *\t/gm)) problems.add(index, TAB_TEXT);
  if (!problems.isEmpty) return { errors: problems.inOrder(placeOf) };
  const document: ParsedDocument = parseDocument(text, {
    schema: 'failsafe',
    version: '1.2',
    strict: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  complainOfSyntax(document, problems);
  complainOfContents(document, problems);
  if (!problems.isEmpty) return { errors: problems.inOrder(placeOf) };
  return { root: document.contents, placeOf };
}

/** Where the text nests deeper than anybody means to; -1: nowhere. Brackets in quotes count too: nobody needs so many. */
function tooDeepAt(text: string): number {
  let depth = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > BRACKETS_MAX) return index;
  }
  return Math.max(...TOO_DEEP.map((pattern) => text.search(pattern)));
}

const TAB_TEXT = 'a tab cannot indent; use spaces';
const WORDS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: TAB_TEXT,
  MULTIPLE_DOCS: 'a second document begins here; a file has one',
  BLOCK_AS_IMPLICIT_KEY:
    'a second `key:` on one line, or a line indented too far; quote a value that contains a colon and a space',
  MULTILINE_IMPLICIT_KEY: 'a key must end with a colon on its own line',
  BAD_INDENT: 'indented differently from the lines around it, or a bracket is not closed',
  BAD_DQ_ESCAPE:
    'unknown escape in double quotes; write \\\\ for a backslash, or use single quotes',
  BAD_SCALAR_START: 'a value cannot begin with this character; quote it',
};

function complainOfSyntax(document: ParsedDocument, problems: Problems): void {
  const errors: readonly YAMLError[] = [...document.errors, ...document.warnings];
  let last = -1;
  for (const { code, message, pos } of errors) {
    // A second one at the same place is the echo of the first.
    if (pos[0] === last) continue;
    last = pos[0];
    const text =
      code === 'TAG_RESOLVE_FAILED' ? 'tags such as !name are not supported' : WORDS[code];
    problems.add(pos[0], text ?? `not valid YAML: ${plain(message)}`);
  }
}

/** The library's words without what only programmers can do about them. */
function plain(message: string): string {
  if (message.startsWith('Missing closing')) return 'a quote is not closed';
  const [first = ''] = message.replace(/; please use .*$/, '').split('\n');
  return `${first.charAt(0).toLowerCase()}${first.slice(1)}`;
}

/** Keys that stand twice, which the library finds in quadratic time, and aliases. */
function complainOfContents(document: ParsedDocument, problems: Problems): void {
  visit(document, {
    Alias: (_key, { source, range }) => {
      const message = `aliases are not supported: write out what *${source.slice(0, 40)} stands for`;
      problems.add(range?.[0] ?? 0, message);
    },
    Map: (_key, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const message = `the key ${shown(name)} stands twice in the same place`;
        if (seen.has(name)) problems.add(key.range?.[0] ?? 0, message);
        seen.add(name);
      }
    },
  });
}

function placeIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
