// Policies as the command line shows them: objects whose keys are a contract with scripts, and lines for people. A difference is coloured
// by lines; of the members, those that do not run what the cluster says stand out. Pure.

import { policyStatusOf, rowOf } from '../src/client/policy-status.js';
import type { PolicyOnNode, PolicyStatus } from '../src/client/policy-status.js';
import { QuorateError } from '../src/errors.js';
import type { NodePoliciesResponse__Output as NodePolicies } from '../src/generated/quorate/v1/NodePoliciesResponse.js';
import type { Policy__Output as Policy } from '../src/generated/quorate/v1/Policy.js';
import type { PolicyStatus__Output as StatusMessage } from '../src/generated/quorate/v1/PolicyStatus.js';
import { count, formatDuration, printable, renderTable } from './format.js';
import type { Cell, Style } from './format.js';
import { attributeView } from './session-view.js';
import type { AttributeView } from './session-view.js';

/** What `policy list --json` and `policy history --json` print of a version. */
export interface PolicyVersionView {
  readonly name: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly size: number;
  /** Null of a deletion. */
  readonly sha256: string | null;
  readonly revision: number;
  readonly ageMs: number;
  readonly who: string;
  /** Name of the member that was asked. */
  readonly node: string;
  readonly reason: string;
  readonly requestId: string;
  /** Null: it was not made by rolling back. */
  readonly restoredFrom: number | null;
}

/** What `policy get --json` and watches print. */
export type PolicyView = PolicyVersionView & { readonly document: AttributeView };

/** Turns a version into what is printed where it stands among others. */
export function policyVersionView(policy: Policy): PolicyVersionView {
  const { name, version, deleted, size, sha256, revision, ageMs, who, node, reason } = policy;
  const made = { revision, ageMs, who, node, reason, requestId: policy.requestId };
  const digest = sha256 === '' ? null : sha256;
  const restoredFrom = policy.restoredFrom ?? null;
  return { name, version, deleted, size, sha256: digest, ...made, restoredFrom };
}

/** Turns a policy into what is printed of it alone. */
export function policyView(policy: Policy | null): PolicyView {
  if (policy === null) throw new QuorateError('INTERNAL', 'the answer carries no policy');
  return { ...policyVersionView(policy), document: attributeView(policy.document) };
}

/** What was done, by whom and why: one line. */
export function policyWords(view: PolicyVersionView): string {
  return `version ${view.version} · ${deedOf(view)} by ${printable(view.who)} · ${view.size} B${because(view)}`;
}

/** The head of a document that is written out: it is for people, and not part of the data. */
export function policyHead(view: PolicyVersionView): string {
  const age = `${formatDuration(view.ageMs)} ago`;
  return `${view.name} version ${view.version}, ${age}, ${deedOf(view)} by ${printable(view.who)} at ${printable(view.node)}${because(view)}`;
}

/** Policies as a table. */
export function policyTable(views: readonly PolicyVersionView[], style: Style): string[] {
  const rows = views.map((view) => [view.name, ...cellsOf(view)]);
  return renderTable([{ title: 'POLICY', canShrink: true }, ...COLUMNS], rows, { style });
}

/** The versions of one policy as a table. */
export function historyTable(views: readonly PolicyVersionView[], style: Style): string[] {
  return renderTable(COLUMNS, views.map(cellsOf), { style });
}

/** A unified difference, with colours where there are any. */
export function differenceLines(difference: string, style: Style): string[] {
  return difference
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      // A document must not be able to steer the terminal; its own line ends are gone already.
      const shown = line.split('\t').map(printable).join('\t');
      if (/^(?:---|\+\+\+) /.test(line)) return style.bold(shown);
      if (line.startsWith('@@')) return style.cyan(shown);
      if (line.startsWith('+')) return style.green(shown);
      return line.startsWith('-') ? style.red(shown) : shown;
    });
}

/** Turns what all members run into what is printed. */
export function policyStatusView(policies: readonly StatusMessage[]): PolicyStatus[] {
  return policies.map(policyStatusOf);
}

/** Turns what one member says of itself into what is printed; it cannot compare itself with the cluster. */
export function nodePoliciesView(answer: NodePolicies): {
  readonly node: string;
  readonly directory: string | null;
  readonly policies: readonly (Omit<PolicyOnNode, 'node' | 'standing'> & {
    readonly name: string;
  })[];
} {
  const { header, directory, policies } = answer;
  const rows = policies.map((policy) => {
    const { node: _node, standing: _standing, ...row } = rowOf('', 'unknown', policy);
    return { name: policy.name, ...row };
  });
  return {
    node: header?.node ?? '',
    directory: directory === '' ? null : directory,
    policies: rows,
  };
}

/** What members run, as a table: those that agree are counted, those that do not stand out. */
export function policyStatusTable(policies: readonly PolicyStatus[], style: Style): string[] {
  const rows = policies.flatMap((policy) => {
    const { name, version, deleted, nodes } = policy;
    const agreeing = nodes.filter(({ standing }) => standing === 'agrees');
    const others = nodes.filter(({ standing }) => standing !== 'agrees');
    const inForce = `${version}${deleted ? ' (deleted)' : ''}`;
    const all = agreeing.length === nodes.length;
    const summary = all ? `all ${count(nodes.length, 'member')}` : count(agreeing.length, 'member');
    const repaired = agreeing.reduce((sum, { rewritten }) => sum + rewritten, 0);
    const told = repaired === 0 ? '' : `changed on disk and written again: ${repaired}`;
    const written = agreeing.filter(({ file }) => file !== null).length;
    const files = written === 0 ? '-' : count(written, 'file');
    const first: (Cell | string)[] = [name, inForce, summary, inForce, files, 'agree', told];
    const isNone = agreeing.length === 0;
    const rest = others.map((each, at) =>
      otherRow(isNone && at === 0 ? [name, inForce] : ['', ''], each, style),
    );
    return isNone ? rest : [first, ...rest];
  });
  return renderTable(STATUS_COLUMNS, rows, { style });
}

const COLUMNS = [
  { title: 'VERSION', align: 'right' },
  { title: 'AGE', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'WHO', canShrink: true },
  { title: 'WHAT AND WHY', canShrink: true },
] as const;

const STATUS_COLUMNS = [
  { title: 'POLICY', canShrink: true },
  { title: 'VERSION', align: 'right' },
  { title: 'MEMBER', canShrink: true },
  { title: 'RUNS', align: 'right' },
  { title: 'FILE' },
  { title: 'STANDING' },
  { title: 'WHAT IS THE MATTER', canShrink: true },
] as const;

function cellsOf(view: PolicyVersionView): string[] {
  return [
    String(view.version),
    formatDuration(view.ageMs),
    view.deleted ? '-' : String(view.size),
    `${printable(view.who)} at ${printable(view.node)}`,
    `${deedOf(view)}${because(view)}`,
  ];
}

function otherRow(
  head: readonly [string, string],
  { node, standing, version, file, detail }: PolicyOnNode,
  style: Style,
): (Cell | string)[] {
  // A witness runs nothing by its nature.
  const paint = standing === 'witness' ? style.dim : style.red;
  const row = [printable(node), version === null ? '-' : String(version), file ?? '-', standing];
  const cells = [...row, detail === null ? '' : printable(detail)];
  return [...head, ...cells.map((text) => ({ text, paint }))];
}

function deedOf({ deleted, restoredFrom }: PolicyVersionView): string {
  if (deleted) return 'deleted';
  return restoredFrom === null ? 'put' : `rolled back to ${restoredFrom}`;
}

function because({ reason }: PolicyVersionView): string {
  return reason === '' ? '' : `: ${printable(reason)}`;
}
