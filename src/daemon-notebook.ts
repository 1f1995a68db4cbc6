// The notebook of a daemon: what is noted of its core, of its ticks and of its links, from the moment that the data directory is
// its own until the daemon ends. Which notes follow from what is the notebook's business.

import type { Node } from './node/node.js';
import type { CoreObserver } from './node/observed-raft.js';
import type { ClockPort } from './node/ports.js';
import { CoreNotes } from './notebook/core-notes.js';
import { Notebook } from './notebook/notebook.js';
import type { NodeId } from './raft/types.js';

export class DaemonNotes {
  readonly notebook: Notebook;
  readonly core: CoreNotes;
  readonly #clock: ClockPort;

  constructor(dataDir: string, clock: ClockPort) {
    this.#clock = clock;
    this.notebook = new Notebook(dataDir, clock);
    this.core = new CoreNotes({ note: (words) => this.notebook.note(words), cpuMs });
  }

  /** Takes what the transport tells of a link; `node`: null before there is one. */
  linked(node: Node | null, peerId: NodeId, isUp: boolean, cause: string): void {
    const { configuration, term = 0 } = node?.outline() ?? {};
    const member = configuration?.members.find(({ id }) => id === peerId);
    const peer = member?.name ?? `node ${peerId}`;
    this.notebook.note({ kind: isUp ? 'peerBack' : 'peerLost', term, peer, why: cause });
  }

  /** Called at every tick, before the node hears of it. */
  ticked(lateMs: number): void {
    this.core.ticked(lateMs, this.#clock.nowMs());
  }

  /** Notes that the daemon was stopped in order, and waits until that is written. */
  async stop(): Promise<void> {
    this.notebook.note({ kind: 'stopping' });
    await this.notebook.flushed();
  }
}

/** An observer that tells two. */
export function bothOf(one: CoreObserver, other: CoreObserver): CoreObserver {
  return {
    began(raft) {
      one.began(raft);
      other.began(raft);
    },
    stepping(input) {
      one.stepping(input);
      other.stepping(input);
    },
    took(raft, ready) {
      one.took(raft, ready);
      other.took(raft, ready);
    },
    violated(error) {
      one.violated(error);
      other.violated(error);
    },
  };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
