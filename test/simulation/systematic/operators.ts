// Small mutations of a source file, made without knowing what it does: each is one change of text. They say how much of the
// code the simulator really watches: whatever can be changed without being noticed is equivalent, unimportant to the
// protocol, or a hole. The syntax tree of the TypeScript compiler tells where; invariants and events for people are left alone.

import ts from 'typescript';

import type { Change } from '../../../simulations/mutants/mutant.js';

/** What an operator does, as it stands in the name of a mutation. */
export type Operator = 'never' | 'always' | 'bound' | 'dropped' | 'part' | 'off-by-one' | 'first';

export interface Mutation {
  readonly operator: Operator;
  /** Counts from 1. */
  readonly line: number;
  /** What the text becomes, on one line. */
  readonly what: string;
  readonly change: Change;
}

/** Calls that protect or tell, and do nothing. */
const SPARED = new Set(['invariant', 'emit', 'unreachable']);

const BOUNDS: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
]);

const EXTREMES = new Set(['maxIndex', 'minIndex', 'Math.max', 'Math.min']);

interface Edit {
  readonly operator: Operator;
  readonly node: ts.Node;
  readonly replace: string;
}

/** All mutations of a file; `file` as in `Change`. */
export function mutationsOf(file: string, text: string): Mutation[] {
  const source = ts.createSourceFile(`${file}.ts`, text, ts.ScriptTarget.Latest, true);
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && SPARED.has(node.expression.getText(source))) return;
    edits.push(...editsOf(node, source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return edits.map(({ operator, node, replace }) => {
    const [from, to] = [node.getStart(source), node.getEnd()];
    const { line } = source.getLineAndCharacterOfPosition(from);
    const was = oneLine(text.slice(from, to));
    const becomes = replace === '' ? 'nothing' : oneLine(replace);
    const change = changeOf(file, text, [from, to], replace);
    return { operator, line: line + 1, what: `${was} → ${becomes}`, change };
  });
}

function editsOf(node: ts.Node, source: ts.SourceFile): Edit[] {
  const text = (part: ts.Node): string => part.getText(source);
  if (ts.isIfStatement(node)) {
    const { expression } = node;
    return [
      { operator: 'never', node: expression, replace: `(${text(expression)}) && false` },
      { operator: 'always', node: expression, replace: `(${text(expression)}) || true` },
    ];
  }
  if (ts.isExpressionStatement(node) && isEffect(node.expression, source)) {
    return [{ operator: 'dropped', node, replace: ';' }];
  }
  if (ts.isBinaryExpression(node)) return editsOfBinary(node, text);
  if (ts.isCallExpression(node)) return editsOfCall(node, text);
  return [];
}

function isEffect(expression: ts.Expression, source: ts.SourceFile): boolean {
  if (ts.isCallExpression(expression)) return !SPARED.has(expression.expression.getText(source));
  if (!ts.isBinaryExpression(expression)) return false;
  const { kind } = expression.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function editsOfBinary(node: ts.BinaryExpression, text: (part: ts.Node) => string): Edit[] {
  const { left, right, operatorToken } = node;
  const bound = BOUNDS.get(operatorToken.kind);
  if (bound !== undefined) {
    return [{ operator: 'bound', node, replace: `${text(left)} ${bound} ${text(right)}` }];
  }
  const isLogical =
    operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    operatorToken.kind === ts.SyntaxKind.BarBarToken;
  if (!isLogical) return [];
  return [left, right].map((kept) => ({ operator: 'part', node, replace: `(${text(kept)})` }));
}

function editsOfCall(node: ts.CallExpression, text: (part: ts.Node) => string): Edit[] {
  const callee = text(node.expression);
  const [first, second] = node.arguments;
  if (first === undefined || second === undefined) return [];
  if (EXTREMES.has(callee)) {
    return [first, second].map((kept) => ({ operator: 'first', node, replace: `(${text(kept)})` }));
  }
  if (callee === 'indexPlus' && /^-?1$/.test(text(second))) {
    return [{ operator: 'off-by-one', node: second, replace: '0' }];
  }
  return [];
}

/** The change with as much text around it as makes it unique, white space aside. */
function changeOf(
  file: string,
  text: string,
  [from, to]: readonly [number, number],
  replace: string,
): Change {
  let [start, end] = [from, to];
  while (occurrences(text, text.slice(start, end)) > 1) {
    start = Math.max(0, text.lastIndexOf('\n', start - 1));
    end = text.indexOf('\n', end + 1);
    if (end < 0) end = text.length;
  }
  const find = text.slice(start, end);
  return { file, find, replace: text.slice(start, from) + replace + text.slice(to, end) };
}

function occurrences(text: string, part: string): number {
  return squeezed(text).split(squeezed(part)).length - 1;
}

function squeezed(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

function oneLine(text: string): string {
  const line = squeezed(text);
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
