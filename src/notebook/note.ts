// What a node remembers of itself for whoever asks later why something happened: plain data, bounded. Nothing is decided by it.
// A note says what the node saw or did and in which term; who was right is found out by comparing the notes of all (src/explain).

/** What is worth a note. */
export const NOTE_KINDS = [
  /** The daemon began; `why` says how the one before it had ended. */
  'started',
  'stopping',
  /** It asked whether an election could be won; `ms`: since it heard `peer`, the leader. */
  'askedToCampaign',
  'campaigned',
  /** `why`: the votes. */
  'elected',
  'lostElection',
  /** It ceased to lead. */
  'steppedDown',
  /** It follows `peer`. */
  'followed',
  /** Its reign began; `ms`: for how long it waits yet until it may act. */
  'activated',
  'promotionRefused',
  /** It should not be primary, and nobody else is fit. */
  'nobodyFit',
  'handOverBegan',
  'handOverAbandoned',
  /** Its lease ended while it led: nobody had confirmed it for so long. */
  'leaseLost',
  'leaseBack',
  /** A write has been on its way to the disk for `ms`. */
  'syncOverdue',
  /** It was done after `ms`. */
  'syncDone',
  /** Nothing else could happen in the process for `ms`, and it used the processor. */
  'stalled',
  /** The process did not run for `ms`: stopped, frozen, or given no processor. */
  'paused',
  /** The connection to `peer` ended, or cannot be made. */
  'peerLost',
  'peerBack',
  /** Its own health checks say that it must not be primary. */
  'unhealthy',
  'healthy',
] as const;

export type NoteKind = (typeof NOTE_KINDS)[number];

export interface Note {
  /** Counts from 1 in this data directory, over restarts. */
  readonly number: number;
  /** On the node's clock, milliseconds since the boot of its machine. */
  readonly atMs: number;
  /** The same moment by the machine's wall clock, for people and where two boots are compared. */
  readonly wallMs: number;
  /** Which boot of the machine `atMs` counts from. */
  readonly bootId: string;
  readonly kind: NoteKind;
  readonly term: number;
  /** Of the reign concerned; null: of none. */
  readonly epoch: number | null;
  /** How long it was, where that means something; null: it does not. */
  readonly ms: number | null;
  /** Name of the other member concerned; null: none. */
  readonly peer: string | null;
  /** For people; empty: nothing more to say. */
  readonly why: string;
}

/** What a writer says of a note; time and number are added. */
export type NoteWords = Pick<Note, 'kind'> &
  Partial<Pick<Note, 'term' | 'epoch' | 'ms' | 'peer' | 'why'>>;

/** What `started` says of how the daemon before it had ended; programs compare these. */
export const ENDED = {
  first: 'nothing was noted here before',
  orderly: 'the daemon before it was stopped in order',
  unclean: 'the daemon before it ended without a word',
  rebooted: 'its machine was started anew',
} as const;

export const NOTE_LIMITS = {
  /** Notes that are remembered; the oldest are forgotten first. */
  countMax: 512,
  /** Longest `why`, in characters. */
  whyLengthMax: 240,
  /** Bytes of one of the two files that keep them over a restart. */
  fileBytesMax: 128 * 1024,
  /** Notes that wait for a disk that does not answer; more are only in memory. */
  unwrittenMax: 256,
  /** Least lateness of a tick that is noted, in ms. */
  lateMsMin: 100,
} as const;
