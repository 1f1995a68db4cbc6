// The proof that the pure folders are pure: no clock, chance, promise, timer or Node built-in can be reached from our own
// sources there. It walks everything that they import and asks the TypeScript compiler what each name means: what nobody
// declares in our sources must be a global of the list below, so that a forbidden one cannot hide behind another name.
// The libraries that they reach are named, and ours end there: what is asked of a library stands beside its name.

import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

/** What is proved, by folder. */
const PURE_FOLDERS = [
  'src/raft',
  'src/state-machine',
  'src/codec',
  'src/node',
  'src/forming',
  'src/keeper',
] as const;

/** Libraries that may be reached, and from where. All they are given is bytes and values, and they answer in the same turn. */
const PURE_LIBRARIES: Readonly<Record<string, string>> = {
  'crc-32': 'src/codec',
  msgpackr: 'src/codec',
  'sorted-btree': 'src/state-machine',
};

/** Everything of JavaScript that may be named: values first, then types. What is not here is impure until it is argued. */
const PURE_GLOBALS = new Set(
  [
    'Array BigInt Boolean DataView Error JSON Map Math Number Object RangeError RegExp Set String Symbol TypeError',
    'Float64Array Int32Array Uint8Array Uint16Array Uint32Array undefined',
    // Who holds the key finds the value, whatever the collector does: unlike WeakRef it shows nothing of it.
    'WeakMap',
    'ErrorOptions Exclude Extract Generator InstanceType Iterable IterableIterator Iterator NonNullable Omit Parameters',
    'Partial Pick Readonly ReadonlyArray ReadonlyMap ReadonlySet Record Required ReturnType',
  ].flatMap((line) => line.split(' ')),
);

/** They turn text into bytes and back, and are no part of the language; the codec may name them. */
const CODEC_GLOBALS = new Set(['TextEncoder', 'TextDecoder']);

/** Members that lead out of what is pure, whatever they are asked of: to `Function`, or to the machine's language. */
const IMPURE_MEMBERS = new Set(['constructor', '__proto__', 'localeCompare']);
/** The one member of a global on the list that is chance. */
const CHANCE = { object: 'Math', member: 'random' };

export interface Impurity {
  readonly path: string;
  /** Counts from 1. */
  readonly line: number;
  readonly message: string;
}

export interface PurityReport {
  /** Our own files that were looked at, by folder. */
  readonly files: ReadonlyMap<string, number>;
  readonly imports: number;
  /** Names whose meaning was asked for. */
  readonly names: number;
  /** Globals that are used, in order. */
  readonly globals: readonly string[];
  readonly libraries: readonly string[];
  readonly impurities: readonly Impurity[];
}

/** Looks at all that the pure folders below `root` reach; `planted` adds files, by path, that are not on the disk. */
export function provePurity(
  root: string,
  planted: ReadonlyMap<string, string> = new Map(),
): PurityReport {
  const paths = [...PURE_FOLDERS.flatMap((folder) => sourcesOf(root, folder)), ...planted.keys()];
  const program = programOf(root, paths, planted);
  const walk = new Walk(root, program);
  for (const path of paths) walk.visit(path);
  return walk.report();
}

function sourcesOf(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Only the language itself is known: neither Node nor a browser. */
function programOf(
  root: string,
  paths: readonly string[],
  planted: ReadonlyMap<string, string>,
): ts.Program {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    types: [],
    module: ts.ModuleKind.NodeNext,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options, true);
  const plantedAt = (path: string): string | undefined =>
    planted.get(relative(root, path).split(sep).join('/'));
  const withPlanted: ts.CompilerHost = {
    ...host,
    fileExists: (path) => plantedAt(path) !== undefined || host.fileExists(path),
    readFile: (path) => plantedAt(path) ?? host.readFile(path),
    getSourceFile: (path, version, ...rest) => {
      const text = plantedAt(path);
      return text === undefined
        ? host.getSourceFile(path, version, ...rest)
        : ts.createSourceFile(path, text, version, true);
    },
  };
  return ts.createProgram(
    paths.map((path) => join(root, path)),
    options,
    withPlanted,
  );
}

class Walk {
  readonly #root: string;
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  readonly #seen = new Set<string>();
  readonly #files = new Map<string, number>();
  readonly #globals = new Set<string>();
  readonly #libraries = new Set<string>();
  readonly #impurities: Impurity[] = [];
  #imports = 0;
  #names = 0;

  constructor(root: string, program: ts.Program) {
    this.#root = root;
    this.#program = program;
    this.#checker = program.getTypeChecker();
  }

  report(): PurityReport {
    const inOrder = (set: ReadonlySet<string>): string[] =>
      [...set].sort((a, b) => (a < b ? -1 : 1));
    return {
      files: this.#files,
      imports: this.#imports,
      names: this.#names,
      globals: inOrder(this.#globals),
      libraries: inOrder(this.#libraries),
      impurities: this.#impurities,
    };
  }

  /** Looks at a file and at all that it imports, each once. */
  visit(path: string): void {
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    const source = this.#program.getSourceFile(join(this.#root, path));
    if (source === undefined) throw new Error(`${path} is not part of the program`);
    const folder = folderOf(path) ?? 'elsewhere';
    this.#files.set(folder, (this.#files.get(folder) ?? 0) + 1);
    this.#look(source, path);
  }

  #look(source: ts.SourceFile, path: string): void {
    const say = (node: ts.Node, message: string): void => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      this.#impurities.push({ path, line: line + 1, message });
    };
    const visit = (node: ts.Node): void => {
      const specifier = specifierOf(node);
      if (specifier !== null) this.#onImport(path, node, specifier, say);
      const message = this.#impurityOf(node, path);
      if (message !== null) say(node, message);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }

  #onImport(
    path: string,
    node: ts.Node,
    specifier: ts.Expression | ts.TypeNode,
    say: (node: ts.Node, message: string) => void,
  ): void {
    this.#imports += 1;
    const name = textOf(specifier);
    if (name === null) {
      say(node, 'imports a name that nobody can check');
      return;
    }
    if (!name.startsWith('.')) {
      const library = name.split('/')[0] ?? name;
      const from = Object.hasOwn(PURE_LIBRARIES, library) ? PURE_LIBRARIES[library] : undefined;
      if (from !== undefined && from === folderOf(path)) this.#libraries.add(library);
      else say(node, `imports ${name}, which is not on the list of its folder`);
      return;
    }
    const target = join(path, '..', name).split(sep).join('/').replace(/\.js$/, '.ts');
    if (folderOf(target) === null) say(node, `imports ${target}, outside of the pure folders`);
    else this.visit(target);
  }

  #impurityOf(node: ts.Node, path: string): string | null {
    if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async suspends';
    if (ts.isAwaitExpression(node)) return 'await suspends';
    if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return 'await suspends';
    if (ts.isMetaProperty(node)) return 'import.meta is of the machine';
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const type = this.#checker.getTypeAtLocation(node);
      return type.getSymbol()?.name === 'Promise' ? 'the result is a promise' : null;
    }
    if (ts.isElementAccessExpression(node)) return this.#impurityOfIndex(node);
    if (!ts.isIdentifier(node)) return null;
    return isMemberName(node) ? impurityOfMember(node) : this.#impurityOfName(node, path);
  }

  /** `Math[name]` could be anything of it. */
  #impurityOfIndex({ expression, argumentExpression }: ts.ElementAccessExpression): string | null {
    const name = textOf(argumentExpression);
    if (name !== null && isImpureMember(name)) return `the member ${name} is impure`;
    if (!ts.isIdentifier(expression)) return null;
    const symbol = this.#checker.getSymbolAtLocation(expression);
    const isGlobal = symbol === undefined || !this.#isOurs(symbol);
    return isGlobal ? `takes a member of ${expression.text} by text` : null;
  }

  #impurityOfName(node: ts.Identifier, path: string): string | null {
    if (isOfConst(node)) return null;
    this.#names += 1;
    const isShorthand = ts.isShorthandPropertyAssignment(node.parent);
    const symbol = isShorthand
      ? this.#checker.getShorthandAssignmentValueSymbol(node.parent)
      : this.#checker.getSymbolAtLocation(node);
    if (symbol !== undefined && this.#isOurs(symbol)) return null;
    const { text } = node;
    const isOfCodec = CODEC_GLOBALS.has(text) && folderOf(path) === 'src/codec';
    this.#globals.add(text);
    if (!isOfCodec && !PURE_GLOBALS.has(text)) {
      return `the global ${text} is not on the list of pure ones`;
    }
    return text === CHANCE.object ? impurityOfMath(node) : null;
  }

  /** Whether our sources declare it; a name that is imported is declared by its import. */
  #isOurs(symbol: ts.Symbol): boolean {
    const declarations = symbol.getDeclarations() ?? [];
    return declarations.some((it) => folderOf(this.#pathOf(it.getSourceFile())) !== null);
  }

  #pathOf({ fileName }: ts.SourceFile): string {
    return relative(this.#root, fileName).split(sep).join('/');
  }
}

function folderOf(path: string): string | null {
  return PURE_FOLDERS.find((folder) => path.startsWith(`${folder}/`)) ?? null;
}

/** What is imported, if the node imports: a literal, or something computed. */
function specifierOf(node: ts.Node): ts.Expression | ts.TypeNode | null {
  if (ts.isImportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExportDeclaration(node)) return node.moduleSpecifier ?? null;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return node.argument;
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword)
    return null;
  return node.arguments[0] ?? node.expression;
}

function textOf(node: ts.Node): string | null {
  if (ts.isLiteralTypeNode(node)) return textOf(node.literal);
  return ts.isStringLiteralLike(node) ? node.text : null;
}

/** Whether the identifier names a member of something, or a place that nothing can be read from. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  if (ts.isPropertyAssignment(parent)) return parent.name === node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return true;
  if (ts.isLabeledStatement(parent) || ts.isNamedTupleMember(parent)) return true;
  return ts.isClassElement(parent) || ts.isTypeElement(parent) ? parent.name === node : false;
}

function impurityOfMember(node: ts.Identifier): string | null {
  // A class may have a constructor, which is no identifier; naming one leads to Function.
  return isImpureMember(node.text) ? `the member ${node.text} is impure` : null;
}

function isImpureMember(name: string): boolean {
  return name.startsWith('toLocale') || IMPURE_MEMBERS.has(name);
}

/** Math may only be asked for a member by its name; whoever passes it on or takes it apart could reach chance. */
function impurityOfMath({ parent }: ts.Identifier): string | null {
  if (!ts.isPropertyAccessExpression(parent)) return 'Math is not asked for a member by its name';
  return parent.name.text === CHANCE.member ? 'Math.random is chance' : null;
}

/** The word in `as const`, which the tree has as a type. */
function isOfConst({ text, parent }: ts.Identifier): boolean {
  return (
    text === 'const' && ts.isTypeReferenceNode(parent) && ts.isAssertionExpression(parent.parent)
  );
}

/** One line for people. */
export function showPurity(report: PurityReport): string {
  const { files, imports, names, globals, libraries, impurities } = report;
  const count = [...files.values()].reduce((sum, it) => sum + it, 0);
  const folders = [...files].map(([folder, it]) => `${folder} ${it}`).join(', ');
  const verdict =
    impurities.length === 0
      ? 'no clock, randomness, promise, timer or Node built-in is reachable'
      : `but ${impurities.length} impurities stand above`;
  return (
    `purity: ${count} files (${folders}), ${imports} imports inside or of ${libraries.length} libraries ` +
    `(${libraries.join(', ')}); ${names} names resolved, ${globals.length} globals of the language: ${verdict}`
  );
}
