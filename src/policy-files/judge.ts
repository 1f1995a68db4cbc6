// What to do about the file of one policy, judged from what it holds, what the cluster says and what was written before. Pure. The file's owner
// may want changes that are made on the node to be kept: then they stand until the policy's next version, and are reported.

/** What was found on disk: its bytes, nothing, or something larger than any document. */
export type OnDisk = Uint8Array | 'absent' | 'large';

export interface Finding {
  readonly onDisk: OnDisk;
  /** What the cluster says; null: the policy is deleted, and there shall be no file. */
  readonly wanted: Uint8Array | null;
  /** Documents of earlier versions: a file that holds one of them is merely old. */
  readonly past: readonly Uint8Array[];
  /** Of what the cluster says. */
  readonly version: number;
  /** The version that this daemon has written, or found written, last; null: none yet. */
  readonly written: number | null;
}

/** same: nothing to do. write: put it there, or take it away. differs: leave it, and say so. */
export type Verdict = 'same' | 'write' | 'differs';

/** Judges one file. `keepsChanges`: what was changed on this node is left as it is. */
export function judge(finding: Finding, keepsChanges: boolean): Verdict {
  const { onDisk, wanted } = finding;
  if (wanted === null ? onDisk === 'absent' : isSame(onDisk, wanted)) return 'same';
  return keepsChanges && wasChangedHere(finding) ? 'differs' : 'write';
}

/** Whether somebody other than this daemon made the file what it is. */
export function wasChangedHere({ onDisk, past, version, written }: Finding): boolean {
  if (written !== null) return written === version;
  // The first look since the daemon started: the policy may have changed meanwhile.
  return onDisk !== 'absent' && !past.some((document) => isSame(onDisk, document));
}

function isSame(onDisk: OnDisk, document: Uint8Array): boolean {
  return onDisk instanceof Uint8Array && Buffer.compare(onDisk, document) === 0;
}
