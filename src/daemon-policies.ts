// The files in which a daemon keeps the policies of its cluster, if its configuration names a directory. What is written is what this node
// has applied, once it knows itself up to date: a state that was only just read from its disk may be long past.

import type { CheckedOptions } from './daemon-options.js';
import type { Part } from './daemon-stop.js';
import type { NodeApi } from './node/api.js';
import type { LoggerPort } from './node/ports.js';
import { PolicyFiles } from './policy-files/policy-files.js';

/** Begins to keep them; null: no directory is named. */
export function openPolicyFiles(
  { policyFiles }: CheckedOptions,
  node: NodeApi,
  log: LoggerPort,
  parts: Part[],
): PolicyFiles | null {
  if (policyFiles === null) return null;
  const files = new PolicyFiles(policyFiles, {
    log,
    policies: () => (isUpToDate(node) ? node.state.policies : null),
    onApplied: (callback) => node.onApplied(callback),
  });
  parts.push({ name: 'policy files', stop: () => files.stop() });
  return files;
}

/** A member with a state that has heard, since it started, that it lacks nothing. */
function isUpToDate(node: NodeApi): boolean {
  const { condition, cluster } = node.outline();
  return condition === 'member' && cluster?.isWitness !== true && node.stalenessMs() !== null;
}
