// Looks at all nodes of a raft-cluster after each event and throws when a promise is broken. Raft's are election safety,
// leader completeness, log matching and state machine safety (Raft Fig. 3), reads that miss nothing, and a commitIndex that
// never falls. Ours is one primary at a time, where the processes of a primary that crashed outlive it until their lease ends.

import type { RaftState } from '../../src/raft/state.js';
import type { Entry, LogIndex, NodeId, SnapshotMeta, Term } from '../../src/raft/types.js';
import type { SimulatedNode } from './raft-cluster.js';

interface Seen {
  life: number;
  commitIndex: LogIndex;
  lastIndex: LogIndex;
  term: Term;
}

export class Watcher {
  /** Entries that some node has applied, by index: the model of the log is an array. */
  readonly committed: (Entry | undefined)[] = [];
  readonly leaders = new Map<Term, NodeId>();
  /** How often some node was primary at a look, so that a test can tell that it tested something. */
  primaryLooks = 0;
  /** Reads asked for: what some node had applied at that moment. */
  readonly #reads = new Map<number, number>();
  readonly #lastApplied = new Map<NodeId, LogIndex>();
  readonly #seen = new Map<NodeId, Seen>();
  readonly #ghosts: {
    readonly node: NodeId;
    readonly epoch: LogIndex;
    readonly untilMs: number;
  }[] = [];
  #looks = 0;

  get committedTo(): number {
    return this.committed.length - 1;
  }

  applied(node: SimulatedNode, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const expected = (this.#lastApplied.get(node.id) ?? 0) + 1;
      expect(
        entry.index === expected,
        `node ${node.id} applies ${entry.index} where ${expected} is next`,
      );
      this.#lastApplied.set(node.id, entry.index);
      const known = this.committed[entry.index];
      if (known === undefined) {
        this.committed[entry.index] = entry;
        continue;
      }
      const isSame = known.term === entry.term && JSON.stringify(known) === JSON.stringify(entry);
      expect(
        isSame,
        `node ${node.id} applies another entry ${entry.index} (Raft Fig. 3, state machine safety)`,
      );
    }
  }

  readAsked(readId: number): void {
    this.#reads.set(readId, this.committedTo);
  }

  /** A linearizable read sees all that was applied anywhere before it was asked (Thesis §6.4). */
  readReleased(readId: number, readIndex: LogIndex | null): void {
    const floor = this.#reads.get(readId) ?? 0;
    expect(
      readIndex === null || readIndex >= floor,
      `read ${readId} at ${readIndex} misses ${floor}`,
    );
  }

  restored(node: SimulatedNode, meta: SnapshotMeta): void {
    const known = this.committed[meta.last.index];
    expect(
      known?.term === meta.last.term,
      `node ${node.id} restores a snapshot of what was not committed`,
    );
    expect(
      meta.last.index > (this.#lastApplied.get(node.id) ?? 0),
      `node ${node.id} restores backwards`,
    );
    this.#lastApplied.set(node.id, meta.last.index);
  }

  /** The processes of a crashed primary run until their lease ends on that machine's clock. */
  crashed(node: SimulatedNode, clockMs: number): void {
    const untilMs = node.raft.primaryUntilMs;
    if (untilMs === null || !node.raft.isPrimaryAt(clockMs)) return;
    this.#ghosts.push({ node: node.id, epoch: node.raft.state.applied.reign.epoch, untilMs });
  }

  restarted(node: SimulatedNode): void {
    this.#lastApplied.set(node.id, node.raft.state.lastApplied);
  }

  look(nodes: readonly SimulatedNode[], clockMs: (node: NodeId) => number): void {
    this.#looks += 1;
    for (const node of nodes) this.#lookAtOne(node);
    this.#lookAtPrimaries(nodes, clockMs);
    if (this.#looks % 16 === 0) this.lookAtLogs(nodes);
  }

  /** Two logs that have the same entry at an index are identical up to it (Raft Fig. 3, log matching). */
  lookAtLogs(nodes: readonly SimulatedNode[]): void {
    const [one, ...others] = nodes;
    if (one === undefined) return;
    for (const other of others) lookAtPair(one, other);
    this.lookAtLogs(others);
  }

  #lookAtOne(node: SimulatedNode): void {
    const { state } = node.raft;
    const before = this.#seen.get(node.id);
    if (before?.life === node.life) {
      expect(state.commitIndex >= before.commitIndex, `commitIndex of node ${node.id} falls`);
    }
    if (before !== undefined && state.role.type === 'leader' && before.life === node.life) {
      const isSameTerm = this.leaders.get(state.term) === node.id && before.term === state.term;
      if (isSameTerm)
        expect(state.log.lastIndex >= before.lastIndex, `leader ${node.id} truncates its log`);
    }
    if (state.role.type === 'leader') this.#lookAtLeader(node.id, state);
    this.#seen.set(node.id, {
      life: node.life,
      commitIndex: state.commitIndex,
      lastIndex: state.log.lastIndex,
      term: state.term,
    });
  }

  #lookAtLeader(id: NodeId, state: RaftState): void {
    const known = this.leaders.get(state.term);
    if (known === id) return;
    expect(
      known === undefined,
      `nodes ${known} and ${id} both lead term ${state.term} (Raft Fig. 3, election safety)`,
    );
    this.leaders.set(state.term, id);
    for (const entry of this.committed) {
      if (
        entry === undefined ||
        entry.index < state.log.compacted.index ||
        entry.term >= state.term
      )
        continue;
      expect(
        state.log.has(entry),
        `leader ${id} of term ${state.term} lacks committed ${entry.index}@${entry.term}`,
      );
    }
  }

  #lookAtPrimaries(nodes: readonly SimulatedNode[], clockMs: (node: NodeId) => number): void {
    const found = nodes.filter(({ id, raft }) => raft.isPrimaryAt(clockMs(id)));
    this.primaryLooks += found.length;
    const running = found.map(({ id, raft }) => `${id} in epoch ${raft.state.applied.reign.epoch}`);
    for (const ghost of this.#ghosts) {
      if (clockMs(ghost.node) >= ghost.untilMs) continue;
      if (found.some(({ id }) => id === ghost.node)) continue;
      running.push(`${ghost.node} (crashed) in epoch ${ghost.epoch}`);
    }
    expect(running.length <= 1, `several primaries at once: ${running.join(', ')}`);
  }
}

function lookAtPair(a: SimulatedNode, b: SimulatedNode): void {
  const [x, y] = [a.raft.state.log, b.raft.state.log];
  const floor = Math.max(x.compacted.index, y.compacted.index);
  let isSame = false;
  for (let at = Math.min(x.lastIndex, y.lastIndex); at > floor; at -= 1) {
    const index = at as LogIndex;
    const agrees = x.termAt(index) === y.termAt(index);
    expect(
      agrees || !isSame,
      `logs of ${a.id} and ${b.id} agree above ${at} and not at it (Raft Fig. 3, log matching)`,
    );
    isSame ||= agrees;
  }
}

function expect(condition: boolean, message: string): void {
  if (!condition) throw new Error(`violated: ${message}`);
}
