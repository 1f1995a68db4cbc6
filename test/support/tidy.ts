// The structure check as a pure function over (path, text) pairs: who may import whom, which names the pure folders
// may not speak, how long files and functions may grow, and how a file begins. It reads the syntax tree of the
// TypeScript compiler, so that comments and strings never count as code. It does not judge types or style: the
// compiler, the linter and the formatter do. The rules it holds are explained in CONTRIBUTING.md and src/README.md.
import { posix } from 'node:path';
import ts from 'typescript';
import { LIBRARIES, ROOMS } from './tidy-rooms.js';

/** One file as the check sees it; the path is relative to the repository, with forward slashes. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** One offence; the line counts from 1. */
export interface Offence {
  readonly path: string;
  readonly line: number;
  readonly rule: Rule;
  readonly message: string;
}

export type Rule = 'import' | 'library' | 'pure' | 'length' | 'header' | 'comment' | 'place';

export const FILE_LINES_MAX = 500;
export const FUNCTION_LINES_MAX = 70;
const HEADER_SENTENCES_MIN = 2;
export const HEADER_SENTENCES_MAX = 5;

/** What may stand beside the rooms of the house: documents, the lock file and tool configuration. */
const TOP_LEVEL = words(
  '.ci cli packaging proto simulations src test',
  '.editorconfig .gitattributes .gitignore .npmrc .oxlintrc.json .prettierignore .prettierrc.json',
  'knip.json tsconfig.json tsconfig.build.json vitest.config.ts package.json package-lock.json',
  'README.md LICENSE CHANGELOG.md CONTRIBUTING.md SECURITY.md',
);

const PURE_FOLDERS = new Set([
  ...'raft state-machine codec node watch forming keeper health explain'
    .split(' ')
    .map((name) => `src/${name}`),
  'simulations/linearizability',
]);

/** Names that would bring time, chance, suspension or Node into code that must be replayable. */
const BANNED_NAMES = words(
  'Date performance Intl Promise WeakRef FinalizationRegistry',
  'setTimeout setInterval setImmediate queueMicrotask clearTimeout clearInterval clearImmediate',
  'AbortController AbortSignal process Buffer console require crypto fetch globalThis eval',
  'TextEncoder TextDecoder',
);
const ALLOWED_IN_CODEC = words('TextEncoder TextDecoder');

function words(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}

/** By the ending of a file's name; anything else is TypeScript. */
const KINDS: Readonly<Record<string, ts.ScriptKind>> = {
  '.mjs': ts.ScriptKind.JS,
  '.tsx': ts.ScriptKind.TSX,
};

/** Checks every file; the result is ordered by path and line. */
export function checkFiles(files: readonly SourceText[]): Offence[] {
  return files
    .flatMap(checkFile)
    .sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

/** Checks that nothing stands at the top of the repository but the rooms and what belongs beside them. */
export function checkPlaces(paths: readonly string[]): Offence[] {
  const tops = new Set(paths.map((path) => path.split('/')[0] ?? path));
  return [...tops]
    .filter((top) => !TOP_LEVEL.has(top))
    .map((top) => ({
      path: top,
      line: 1,
      rule: 'place',
      message: 'does not belong at the top of the repository',
    }));
}

function checkFile(file: SourceText): Offence[] {
  if (file.path.startsWith('src/generated/')) return [];
  if (!/\.(tsx?|mjs)$/.test(file.path)) return checkPlainText(file);
  const kind = KINDS[posix.extname(file.path)] ?? ts.ScriptKind.TS;
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true, kind);
  const report: Report = (position, rule, message) => ({
    path: file.path,
    line: tree.getLineAndCharacterOfPosition(position).line + 1,
    rule,
    message,
  });
  return [
    ...checkImports(file, tree, report),
    ...checkPurity(file, tree, report),
    ...checkLengths(file, tree, report),
    ...checkComments(tree, report),
    ...checkHeader(file, report),
  ];
}

type Report = (position: number, rule: Rule, message: string) => Offence;

function checkPlainText(file: SourceText): Offence[] {
  return file.text.split('\n').flatMap((line, index): Offence[] => {
    if (!isUnfinished(line)) return [];
    const message = 'unfinished work belongs in an issue, not in a comment';
    return [{ path: file.path, line: index + 1, rule: 'comment', message }];
  });
}

/** Every node of the tree in source order, the tree itself included. */
function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    children.push(child);
  });
  for (const child of children) yield* nodesOf(child);
}

// --- Imports -------------------------------------------------------------------------------------------------------

interface Import {
  readonly position: number;
  /** Null when the specifier is computed, so that nobody can say what is imported. */
  readonly specifier: string | null;
  readonly isLazy: boolean;
}

function importOf(node: ts.Node): Import | null {
  const found = (specifier: ts.Node | undefined, isLazy: boolean): Import => ({
    position: (specifier ?? node).getStart(),
    specifier: specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : null,
    isLazy,
  });
  if (ts.isImportDeclaration(node)) return found(node.moduleSpecifier, false);
  if (ts.isExportDeclaration(node)) {
    return node.moduleSpecifier === undefined ? null : found(node.moduleSpecifier, false);
  }
  if (ts.isExternalModuleReference(node)) return found(node.expression, false);
  if (ts.isImportTypeNode(node)) {
    return found(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, false);
  }
  if (!ts.isCallExpression(node)) return null;
  if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return found(node.arguments[0], true);
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isRequire ? found(node.arguments[0], false) : null;
}

function checkImports(file: SourceText, tree: ts.SourceFile, report: Report): Offence[] {
  const room = roomOf(file.path);
  if (file.path.startsWith('.ci/') || !/^(src|cli|simulations|test)\//.test(file.path)) return [];
  if (room === null) {
    return [report(0, 'import', 'stands in a folder that the table of imports does not know')];
  }
  const offences: Offence[] = [];
  for (const node of nodesOf(tree)) {
    const found = importOf(node);
    if (found === null) continue;
    const complaint = complaintAbout(found, file.path, room);
    if (complaint !== null) offences.push(report(found.position, complaint.rule, complaint.text));
  }
  return offences;
}

function complaintAbout(found: Import, path: string, room: string): Complaint | null {
  const { specifier } = found;
  if (room === 'test') return null;
  if (specifier === null) return { rule: 'import', text: 'imports a name that nobody can check' };
  if (specifier.startsWith('node:')) {
    if (!PURE_FOLDERS.has(room)) return null;
    return { rule: 'pure', text: `${room} is pure and may not import ${specifier}` };
  }
  if (!specifier.startsWith('.')) return complaintAboutLibrary(specifier, path, room);
  const target = resolveImport(path, specifier);
  if (isWithin(target, room) && !room.endsWith('.ts')) return null;
  const rights = ROOMS[room] ?? { knows: [] };
  if (rights.knows.some((known) => isWithin(target, known))) return null;
  const isKnownLazily = rights.knowsLazily?.some((known) => isWithin(target, known)) ?? false;
  if (isKnownLazily && found.isLazy) return null;
  const hint = isKnownLazily ? ' other than by a dynamic import' : '';
  return { rule: 'import', text: `${room} may not import ${target}${hint}` };
}

interface Complaint {
  readonly rule: Rule;
  readonly text: string;
}

function complaintAboutLibrary(specifier: string, path: string, room: string): Complaint | null {
  const parts = specifier.split('/');
  const library = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  const rooms = Object.hasOwn(LIBRARIES, library) ? LIBRARIES[library] : undefined;
  const isTest = path.endsWith('.test.ts');
  if (isTest && (library === 'vitest' || library === 'fast-check')) return null;
  if (rooms === undefined) return { rule: 'library', text: `${library} is not in the table` };
  if (rooms.includes(room)) return null;
  const places = rooms.length === 0 ? 'tests' : rooms.join(', ');
  return { rule: 'library', text: `${library} may be imported in ${places} only, not in ${room}` };
}

/** The one room within a room: it runs in the browser. */
const PAGE = 'src/commandcenter/page/';

/** The room that a file stands in, or null if the table has none for it. */
function roomOf(path: string): string | null {
  const [top = '', second = ''] = path.split('/');
  const inner = `${top}/${second}`;
  if (path.startsWith(PAGE)) return PAGE.slice(0, -1);
  const room = top === 'src' || Object.hasOwn(ROOMS, inner) ? inner : top;
  return Object.hasOwn(ROOMS, room) ? room : null;
}

function resolveImport(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function isWithin(path: string, folderOrFile: string): boolean {
  return path === folderOrFile || path.startsWith(`${folderOrFile}/`);
}

// --- Purity --------------------------------------------------------------------------------------------------------

function checkPurity(file: SourceText, tree: ts.SourceFile, report: Report): Offence[] {
  const room = roomOf(file.path);
  if (room === null || !PURE_FOLDERS.has(room)) return [];
  const offences: Offence[] = [];
  for (const node of nodesOf(tree)) {
    const what = impurityOf(node, room);
    if (what !== null) offences.push(report(node.getStart(tree), 'pure', `${what} in ${room}`));
  }
  return offences;
}

function impurityOf(node: ts.Node, room: string): string | null {
  if (ts.isAwaitExpression(node)) return 'await suspends';
  if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return 'await suspends';
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async suspends';
  if (ts.isIdentifier(node)) return impurityOfName(node, room);
  if (ts.isPropertyAssignment(node)) return impurityOfKey(node.name);
  if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name)) {
    const isMath = node.initializer !== undefined && isNamed(node.initializer, 'Math');
    return isMath ? 'taking Math apart hides Math.random' : null;
  }
  if (ts.isCallExpression(node)) return impurityOfCall(node);
  const member = memberOf(node);
  if (member === null) return null;
  if (isNamed(member.object, 'Math') && member.name === 'random') return 'Math.random is chance';
  if (member.name.startsWith('toLocale')) return `${member.name} depends on the machine`;
  if (member.name === 'localeCompare') return 'localeCompare depends on the machine';
  return null;
}

function impurityOfName(node: ts.Identifier, room: string): string | null {
  if (!BANNED_NAMES.has(node.text) || isMemberName(node)) return null;
  if (room === 'src/codec' && ALLOWED_IN_CODEC.has(node.text)) return null;
  return `the name ${node.text} is banned`;
}

/** An object visits such keys first and by number, whatever the order in which they were written. */
function impurityOfKey(name: ts.PropertyName): string | null {
  const isNumber =
    ts.isNumericLiteral(name) || (ts.isStringLiteral(name) && /^\d+$/.test(name.text));
  return isNumber ? `the integer-like key ${name.getText()} is visited out of order` : null;
}

function impurityOfCall(node: ts.CallExpression): string | null {
  const member = memberOf(node.expression);
  if (member === null || node.arguments.length > 0) return null;
  const isSort = member.name === 'sort' || member.name === 'toSorted';
  return isSort ? `${member.name} without a comparator sorts as text` : null;
}

function memberOf(node: ts.Node): { object: ts.Expression; name: string } | null {
  if (ts.isPropertyAccessExpression(node)) return { object: node.expression, name: node.name.text };
  if (!ts.isElementAccessExpression(node)) return null;
  const key = node.argumentExpression;
  return ts.isStringLiteralLike(key) ? { object: node.expression, name: key.text } : null;
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}

/** Whether the identifier names a member of something, rather than a variable, a value or a type in scope. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  if (ts.isPropertyAssignment(parent) || ts.isEnumMember(parent)) return parent.name === node;
  return ts.isClassElement(parent) || ts.isTypeElement(parent) ? parent.name === node : false;
}

// --- Lengths -------------------------------------------------------------------------------------------------------

function checkLengths(file: SourceText, tree: ts.SourceFile, report: Report): Offence[] {
  const lineCount = file.text.replace(/\n$/, '').split('\n').length;
  const offences: Offence[] = [];
  if (lineCount > FILE_LINES_MAX) {
    const message = `the file has ${lineCount} lines, at most ${FILE_LINES_MAX} are allowed`;
    offences.push({ path: file.path, line: lineCount, rule: 'length', message });
  }
  if (file.path.startsWith('test/') || file.path.endsWith('.test.ts')) return offences;
  for (const node of nodesOf(tree)) {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) continue;
    const start = node.getStart(tree);
    const count = lineAt(tree, node.end) - lineAt(tree, start) + 1;
    if (count <= FUNCTION_LINES_MAX) continue;
    const name = node.name?.getText(tree) ?? 'a function';
    const message = `${name} has ${count} lines, at most ${FUNCTION_LINES_MAX} are allowed`;
    offences.push(report(start, 'length', message));
  }
  return offences;
}

function lineAt(tree: ts.SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line;
}

// --- Comments ------------------------------------------------------------------------------------------------------

function isUnfinished(text: string): boolean {
  return /\b(TODO|FIXME)\b/.test(text);
}

function checkComments(tree: ts.SourceFile, report: Report): Offence[] {
  const message = 'unfinished work belongs in an issue, not in a comment';
  return [...commentsOf(tree)]
    .filter(([, comment]) => isUnfinished(comment))
    .map(([position]) => report(position, 'comment', message));
}

/** Every comment by its position: comments stand before or after a token, and tokens are the leaves of the tree. */
function commentsOf(tree: ts.SourceFile): Map<number, string> {
  const found = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(tree);
    if (children.length > 0) return children.forEach(visit);
    const ranges = [
      ...(ts.getLeadingCommentRanges(tree.text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(tree.text, node.end) ?? []),
    ];
    for (const range of ranges) found.set(range.pos, tree.text.slice(range.pos, range.end));
  };
  visit(tree);
  return found;
}

function checkHeader(file: SourceText, report: Report): Offence[] {
  const count = sentenceCount(headerOf(file.text));
  if (count >= HEADER_SENTENCES_MIN && count <= HEADER_SENTENCES_MAX) return [];
  const wanted = `${HEADER_SENTENCES_MIN} to ${HEADER_SENTENCES_MAX}`;
  return [report(0, 'header', `begins with ${count} sentences of comment, ${wanted} are wanted`)];
}

/** The text of the comment that a file begins with, after `#!` if there is one; a blank line ends it. */
function headerOf(text: string): string {
  const body = text.replace(/^#!.*\n/, '');
  const block = /^\/\*([\s\S]*?)\*\//.exec(body);
  if (block !== null) return (block[1] ?? '').replace(/^\s*\*+/gm, '');
  const lines = body.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .map((line) => line.replace(/^\/\/+/, ''))
    .join('\n');
}

/**
 * Sentences end in a full stop, a question mark or an exclamation mark, followed by space or by nothing.
 * A numbered argument below them is not counted: the steps of a race may need more room.
 */
function sentenceCount(text: string): number {
  const prose = text.split(/^\s*1\. /m)[0] ?? '';
  const plain = prose.replace(/\b(e\.g|i\.e|etc|vs|cf|Fig)\.(?=\s+[^\sA-Z])/g, '$1');
  return plain.match(/[.!?]["')\]`*_]*(?=\s|$)/g)?.length ?? 0;
}
