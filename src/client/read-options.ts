// How fresh a read must be, as programs say it and as messages carry it. What each promises is told in
// proto/quorate/v1/common.proto. Pure.

import { QuorateError } from '../errors.js';
import type { CallOptions } from './caller.js';

const WORDS = { linearizable: 'LINEARIZABLE', leased: 'LEASED', stale: 'STALE' } as const;

export type Consistency = keyof typeof WORDS;

export interface ReadOptions extends CallOptions {
  /**
   * Default `linearizable`. `leased`: as fresh where clocks keep their rates, without asking a quorum. `stale`: at once from the
   * member that is asked, which may be behind.
   */
  readonly consistency?: Consistency;
}

/** The consistency that is asked for, for a message. */
export function consistencyOf({
  consistency = 'linearizable',
}: ReadOptions): (typeof WORDS)[Consistency] {
  if (Object.hasOwn(WORDS, consistency)) return WORDS[consistency];
  const message = `consistency: expected linearizable, leased or stale, got ${String(consistency)}`;
  throw new QuorateError('INVALID_ARGUMENT', message, { field: 'consistency' });
}
