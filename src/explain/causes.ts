// The causes that a reign can have, and what the replicated history says of them: why a leader handed over stands in its
// successor's activation, word for word as the core or an operator gave it. Pure.

/** Why a reign began. */
export type CauseKind =
  | 'first'
  | 'handOver'
  | 'shutdown'
  | 'removal'
  | 'priority'
  | 'healthCheck'
  | 'hook'
  | 'processFailed'
  | 'hungDisk'
  | 'killed'
  | 'rebooted'
  | 'paused'
  | 'stalled'
  | 'partition'
  | 'gone'
  | 'unknown';

/** What a cause in the log begins or ends with, or is. */
const SAID: readonly (readonly [RegExp, CauseKind])[] = [
  [/^health-check on /, 'healthCheck'],
  [/^before-promotion on /, 'hook'],
  [/^a disk sync is overdue by an election timeout$/, 'hungDisk'],
  [/ has a higher priority$/, 'priority'],
  [/^\S+ stops$/, 'shutdown'],
  [/ \(the leader is removed\)$/, 'removal'],
  [/^\S+ failed on /, 'processFailed'],
  [/^\S+ asked by /, 'handOver'],
];

/** What the log says of an election that nobody ordered. */
const UNASKED = 'heard no leader in time';

/** What the replicated cause says; null: that an election was needed, which has many causes, or words that are not known here. */
export function saidByLog(cause: string): CauseKind | null {
  return SAID.find(([pattern]) => pattern.test(cause))?.[1] ?? null;
}

/** What an election that nobody ordered may have come from; a daemon that stops hands over only if somebody can take over. */
const ELECTED: ReadonlySet<CauseKind> = new Set([
  'shutdown',
  'hungDisk',
  'killed',
  'rebooted',
  'paused',
  'stalled',
  'partition',
  'gone',
  'unknown',
]);

/** Whether the replicated cause and a cause found otherwise can both be true. Words that are not known here contradict nothing. */
export function agrees(cause: string, kind: CauseKind): boolean {
  if (kind === 'first') return true;
  const said = saidByLog(cause);
  if (said !== null) return said === kind;
  return cause !== UNASKED || ELECTED.has(kind);
}
