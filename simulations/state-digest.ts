// One number for everything that a node's state machine remembers, read as for a snapshot. It compares
// nodes and keeps nothing.

import type { ClusterState } from '../src/state-machine/cluster-state.js';
import { Digest } from './digest.js';

const PART_ROWS = 256;

/** Digest of all facts; equal states give equal digests, however they came about. */
export function stateDigest(state: ClusterState): number {
  const digest = new Digest();
  for (const { fact, version, rows } of state.freeze().parts(PART_ROWS)) {
    digest.text(fact).word(version).value(rows);
  }
  return digest.end();
}
