// The shape of a property: what it is told, and that it throws a `Violation` when it does not hold. Each property keeps
// whatever it must remember; what several of them need stands in history.ts.

import type { WriteOutcome } from '../../src/node/api.js';
import type { Message } from '../../src/raft/message.js';
import type { Entry, NodeId, SnapshotMeta } from '../../src/raft/types.js';
import type { ApplyResult, Command } from '../../src/state-machine/command.js';
import type { Machine, Process } from '../machine.js';
import type { Operation } from '../operation.js';
import type { Sight } from '../sight.js';

/** An entry that a node has just applied. */
export interface Applied {
  readonly machine: Machine;
  readonly process: Process;
  readonly entry: Entry;
  /** Null: the entry is no command. */
  readonly command: Command | null;
  readonly result: ApplyResult;
}

/** Every part is optional; absent: the property does not depend on it. */
export interface Invariant {
  /** After an event that changed a core. */
  changed?(sight: Sight): void;
  /** After every event of a process in which its core took an input or said what is to be done, whatever it changed. */
  happened?(machine: Machine, process: Process): void;
  /** A process got its time and its core took nothing, so that only time has passed. */
  idled?(machine: Machine, process: Process): void;
  /** Time passes to `atUs`, without any event in between. */
  passed?(atUs: number): void;
  /** A message leaves, before anything of it arrives. */
  sent?(from: Machine, to: NodeId, message: Message): void;
  /** A message reaches a running process, before it is told. */
  received?(machine: Machine, process: Process, from: NodeId, message: Message): void;
  applied?(applied: Applied): void;
  /** A snapshot was loaded into the state machine. */
  restored?(machine: Machine, process: Process, meta: SnapshotMeta): void;
  /** Something became durable, or a crash has decided what did. */
  durable?(machine: Machine): void;
  booted?(machine: Machine, process: Process): void;
  /** Called before the process is gone. */
  crashed?(machine: Machine, isReboot: boolean): void;
  /** A client began an operation, and learned how it ended. */
  began?(operation: Operation): void;
  ended?(operation: Operation): void;
  /** A node told how a write ended that was proposed there; one that is sent again has several of these. */
  told?(machine: Machine, process: Process, command: Command, outcome: WriteOutcome): void;
  /** The run is over, and everything held so far. */
  over?(): void;
}
