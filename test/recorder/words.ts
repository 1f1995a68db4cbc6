// Records of simulated runs for the recorder's tests. Every process of a run has a recorder with a small ring, and what each
// recorded is read back as from a file.

import { joined } from '../../src/recorder/bytes.js';
import { Recorder } from '../../src/recorder/recorder.js';
import { framesOf, livesIn } from '../../src/recorder/record-file.js';
import type { RecordedLife } from '../../src/recorder/record-file.js';
import type { Raft } from '../../src/raft/raft.js';
import { run } from '../../simulations/run.js';
import type { RunOptions, RunResult } from '../../simulations/run.js';

/** Small, so that a short run fills it several times. */
const SEGMENT_BYTES = 40 * 1024;

export interface RecordedRun {
  readonly result: RunResult;
  readonly lives: readonly { readonly life: RecordedLife; readonly raft: Raft }[];
}

/** A run whose every process is recorded; the core of each as it was in the end. */
export function recordedRun(options: RunOptions, segmentBytes = SEGMENT_BYTES): RecordedRun {
  const recorders: { recorder: Recorder; name: string; raft: Raft | null }[] = [];
  const result = run({
    ...options,
    watch(world) {
      world.observerOf = (machine) => {
        const known = {
          recorder: new Recorder({ segmentBytesMax: segmentBytes, checkpointShareMax: Infinity }),
          name: machine.name,
          raft: null as Raft | null,
        };
        recorders.push(known);
        const { recorder } = known;
        return {
          began(raft) {
            known.raft = raft;
            recorder.began(raft);
          },
          stepping: (input) => recorder.stepping(input),
          took: (raft, ready) => recorder.took(raft, ready),
          violated: (error) => recorder.violated(error),
        };
      };
    },
  });
  const lives = recorders.flatMap(({ recorder, name, raft }) => {
    if (recorder.fault !== null) throw recorder.fault;
    // Null: it stayed clean.
    if (raft === null) return [];
    return [{ life: lifeOf(recorder, name, raft), raft }];
  });
  return { result, lives };
}

function lifeOf(recorder: Recorder, node: string, { state }: Raft): RecordedLife {
  const [life] = livesIn(node, fileOf(recorder, node, state));
  if (life === undefined) throw new Error('nothing was read back');
  return life;
}

/** The file of one life. */
function fileOf(recorder: Recorder, node: string, { options, nowMs }: Raft['state']): Uint8Array {
  const head = {
    version: options.software.version,
    node,
    nodeId: options.id,
    installId: options.installId,
    clusterName: 'simulated',
    clusterId: '',
    why: 'a test',
    writtenAt: { nowMs, wallMs: nowMs },
  };
  return joined(framesOf(head, recorder.segments()));
}
