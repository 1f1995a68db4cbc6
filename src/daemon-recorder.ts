// The flight recorder of a daemon: what is recorded of the core, whom it is told to, and when it is left behind as a file in the
// data directory: at a fault, when the node is degraded or loses its leadership unplanned, and at the end. Whatever
// fails here is logged and holds nothing up.

import type { NodeApi } from './node/api.js';
import type { CoreObserver } from './node/observed-raft.js';
import type { ClockPort } from './node/ports.js';
import type { Logger } from './ops/logger.js';
import type { Input } from './raft/input.js';
import type { Raft } from './raft/raft.js';
import type { Ready } from './raft/ready.js';
import { Recorder } from './recorder/recorder.js';
import { RecordFolder } from './recorder/record-folder.js';
import { framesOf } from './recorder/record-file.js';
import type { RecordPort } from './service/modules.js';

const LIMITS = {
  /** Between two files of a daemon that goes on. */
  pauseMs: 60_000,
  /** How often it looks whether the node was degraded, and whether a disk that was busy answers again. */
  lookMs: 1000,
  /** A disk that has not answered for so long is not given more to write. */
  diskOverdueMs: 1000,
  /** How long the end of a daemon may wait for its file. */
  endMs: 2000,
} as const;

interface Ground {
  readonly node: NodeApi;
  readonly clock: ClockPort;
  readonly dataDir: string;
  readonly version: string;
}

export class FlightRecorder implements CoreObserver, RecordPort {
  readonly #recorder = new Recorder();
  readonly #log: Logger;
  #ground: Ground | null = null;
  #raft: Raft | null = null;
  /** It leads, and nobody takes over on purpose. */
  #isLeading = false;
  #isDegraded = false;
  #hasFailed = false;
  #timer: NodeJS.Timeout | undefined;
  /** Why a file is to be written as soon as it can; null: none is. */
  #wanted: string | null = null;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Begins to look after the node. */
  watch(ground: Ground): void {
    this.#ground = ground;
    this.#timer = setInterval(() => this.#look(ground), LIMITS.lookMs);
    this.#timer.unref();
  }

  began(raft: Raft): void {
    this.#raft = raft;
    this.#recorder.began(raft);
  }

  stepping(input: Input): void {
    this.#recorder.stepping(input);
  }

  took(raft: Raft, ready: Ready | null): void {
    this.#recorder.took(raft, ready);
    const { role, term } = raft.state;
    if (this.#isLeading && role.type !== 'leader') this.#want(`it ceased to lead, in term ${term}`);
    this.#isLeading = role.type === 'leader' && role.transfer === null;
  }

  violated(error: unknown): void {
    this.#recorder.violated(error);
  }

  exported(): readonly Uint8Array[] | null {
    return this.#frames('it was asked for');
  }

  /** The daemon ends because of a fault; nothing else happens any more. */
  saveNow(error: unknown): void {
    const ground = this.#ground;
    const why = error instanceof Error ? error.message : String(error);
    if (ground === null || this.#isDiskOverdue(ground)) return;
    try {
      const frames = this.#frames(`the daemon ended by a fault: ${why}`);
      if (frames === null) return;
      const file = new RecordFolder(ground.dataDir).writeNow(nameFor('fault'), frames);
      this.#log.info({ file }, 'the flight record was written');
    } catch (cause) {
      this.#log.warn({ err: cause }, 'the flight record could not be written');
    }
  }

  /** Writes the last file, within its limit. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const ground = this.#ground;
    this.#wanted = null;
    if (ground === null || this.#isDiskOverdue(ground)) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LIMITS.endMs);
    });
    const last = async (): Promise<void> => {
      await this.#writing;
      await this.#write(ground, 'the daemon was stopped', 'stop');
    };
    await Promise.race([last(), late]);
    clearTimeout(timer);
  }

  #want(why: string): void {
    this.#wanted = why;
    // Not inside the turn of the core that it is about.
    setImmediate(() => this.#maybeWrite());
  }

  #look({ node }: Ground): void {
    const { fault } = this.#recorder;
    if (fault !== null && !this.#hasFailed) {
      this.#hasFailed = true;
      this.#log.warn({ err: fault }, 'the flight recorder failed; nothing is recorded any more');
    }
    const isDegraded = node.outline().condition === 'degraded';
    if (isDegraded && !this.#isDegraded) this.#wanted = 'the node was degraded';
    this.#isDegraded = isDegraded;
    this.#maybeWrite();
  }

  #maybeWrite(): void {
    const ground = this.#ground;
    if (ground === null || this.#wanted === null || this.#writing !== null) return;
    const nowMs = ground.clock.nowMs();
    if (nowMs - this.#writtenAtMs < LIMITS.pauseMs || this.#isDiskOverdue(ground)) return;
    const why = this.#wanted;
    this.#wanted = null;
    this.#writtenAtMs = nowMs;
    const writing = this.#write(ground, why, this.#isDegraded ? 'degraded' : 'step-down');
    this.#writing = writing.finally(() => (this.#writing = null));
  }

  async #write(ground: Ground, why: string, word: string): Promise<void> {
    const frames = this.#frames(why);
    if (frames === null) return;
    try {
      const file = await new RecordFolder(ground.dataDir).write(nameFor(word), frames);
      this.#log.info({ file, why }, 'the flight record was written');
    } catch (error) {
      this.#log.warn({ err: error, why }, 'the flight record could not be written');
    }
  }

  #frames(why: string): Uint8Array[] | null {
    const segments = this.#recorder.segments();
    if (this.#ground === null || segments.length === 0) return null;
    const { node, clock, version } = this.#ground;
    const { cluster, nodeId, installId } = node.status();
    const head = {
      version,
      node: cluster?.nodeName ?? '',
      nodeId,
      installId,
      clusterName: cluster?.clusterName ?? '',
      clusterId: cluster?.clusterId ?? '',
      why,
      writtenAt: { nowMs: clock.nowMs(), wallMs: Date.now() },
    };
    return framesOf(head, segments);
  }

  #isDiskOverdue({ clock }: Ground): boolean {
    const sinceMs = this.#raft?.state.persistence.oldestStartMs ?? null;
    return sinceMs !== null && clock.nowMs() - sinceMs > LIMITS.diskOverdueMs;
  }
}

/** Of a file; sorted by name they are sorted by time. */
function nameFor(word: string): string {
  return `${new Date().toISOString().replaceAll(':', '-')}-${word}`;
}
