// Dry runs of commands that change facts: what stands there, whether the condition holds and what would become of it, as a linearizable read
// tells at this moment, and how the cluster stands, which no fact changes. Nothing is appended; what would be refused fails with the same code.

import type { Command } from 'commander';
import { QuorateError } from '../src/errors.js';
import type { ErrorCode } from '../src/errors.js';
import { clusterView } from '../src/client/cluster-view.js';
import type { ClusterView } from '../src/client/view-types.js';
import { revisionMismatch } from '../src/client/mismatch.js';
import { orNull } from '../src/client/or-null.js';
import type { Cli } from './cli.js';
import { count, printable } from './format.js';

export interface DryRunOption {
  readonly dryRun?: true;
}

/** Adds --dry-run to a command that changes facts. */
export function addFactDryRun(command: Command): Command {
  return command.option('--dry-run', 'say what would happen, and change nothing');
}

/** A change of one fact that is only looked at. */
export interface FactChange<Found> {
  /** As people call it: `key app/mode`. */
  readonly what: string;
  /** Reads it linearizably. */
  readonly look: () => Promise<Found>;
  /** What the read fails with where there is none; null: then the change fails so too. */
  readonly absentAs: ErrorCode | null;
  readonly revisionOf: (found: Found) => number;
  /** A condition on its revision, and what has the revision. */
  readonly condition?: { readonly of: 'session' | 'key'; readonly revision: number | undefined };
  /** What would become of it, as it follows "would"; found null: there is none. Throws what the change would be refused with. */
  readonly outcome: (found: Found | null) => string;
}

/** Says what a change would do; `data` stands in --json beside it. */
export async function rehearseFact<Found>(
  cli: Pick<Cli<unknown>, 'client' | 'print'>,
  data: object,
  change: FactChange<Found>,
): Promise<void> {
  const { what, look, absentAs, condition } = change;
  const found = absentAs === null ? await look() : await orNull(absentAs, look);
  const revision = found === null ? 0 : change.revisionOf(found);
  const expected = condition?.revision;
  if (condition !== undefined && expected !== undefined && expected !== revision) {
    throw revisionMismatch(condition.of, expected, revision);
  }
  const would = change.outcome(found);
  const standing = await standingOf(cli);
  cli.print({ ...data, dryRun: true, exists: found !== null, revision, would, ...standing }, [
    `${printable(what)}${found === null ? '' : `, at revision ${revision},`} would ${would}; nothing was changed.`,
    standingLine(standing),
  ]);
}

type Standing = Pick<ClusterView, 'quorum' | 'failureTolerance' | 'primary' | 'epoch'>;

/** How the cluster stands, which a change of facts leaves as it is. */
export async function standingOf({ client }: Pick<Cli<unknown>, 'client'>): Promise<Standing> {
  const { quorum, failureTolerance, primary, epoch } = clusterView(await client.status());
  return { quorum, failureTolerance, primary, epoch };
}

/** The same as a line for people. */
export function standingLine({ quorum, failureTolerance, primary, epoch }: Standing): string {
  const spare = failureTolerance === 0 ? 'no voter' : count(failureTolerance, 'voter');
  const who = primary === null ? 'nobody is primary' : `${printable(primary)} is primary`;
  const votes = quorum ? `there is a quorum, which can lose ${spare}` : 'there is no quorum';
  return `It changes nothing for the cluster: ${votes}; ${who}, epoch ${epoch}.`;
}

/** Fails as a change of a job does whose status does not permit it. */
export function jobStatusError(id: string, status: string): QuorateError {
  return new QuorateError('JOB_STATUS', `job ${JSON.stringify(id)} is ${status}`, { id, status });
}
