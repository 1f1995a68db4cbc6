// Reigns: how they begin, the three ways in which they end, and what is remembered of them.
// Who may act as primary is decided by the core; here is only what the log tells.

import { describe, expect, it } from 'vitest';
import { REIGNS_MAX } from '../../src/state-machine/primary.js';
import { A, AppliedLog, B, configuration, index } from '../support/log-words.js';

function started(): AppliedLog {
  const log = AppliedLog.started();
  const both = configuration([A, B], [A, B]);
  log.write({ kind: 'configuration', configuration: both, cause: '' });
  return log;
}

function activate(log: AppliedLog, { id }: typeof A, cause = 'elected'): void {
  log.write({ kind: 'activation', nodeId: id, leaseMs: 750, cause, isChosen: false, gapMs: null });
}

function textsAfter(log: AppliedLog, revision: number): string[] {
  return log.state.eventsAfter(index(revision), 100).map(({ kind, text }) => `${kind}: ${text}`);
}

describe('a reign', () => {
  it('begins with its activation', () => {
    const log = started();
    expect(log.state.primary).toBeNull();
    expect(log.state.epoch).toBe(0);
    activate(log.wait(40), A);
    expect(log.state.primary).toEqual({
      epoch: 4,
      term: 1,
      nodeId: 1,
      leaseMs: 750,
      sinceMs: 40,
      cause: 'elected',
      gapMs: null,
      end: null,
    });
    expect(textsAfter(log, 3)).toEqual(['reignBegan: A became primary (epoch 4): elected']);
  });

  it.each([
    {
      how: 'proof',
      end: (log: AppliedLog) => log.write({ kind: 'proof', epoch: index(4) }),
      texts: ['reignEnded: the reign of A (epoch 4) ended: its processes were stopped'],
    },
    {
      how: 'laterTerm',
      end: (log: AppliedLog) => log.nextTerm().write({ kind: 'noop' }),
      texts: ['reignEnded: the reign of A (epoch 4) ended: term 2 began'],
    },
    {
      how: 'activation',
      end: (log: AppliedLog) => activate(log, B, 'asked for'),
      texts: [
        'reignEnded: the reign of A (epoch 4) ended: B took over',
        'reignBegan: B became primary (epoch 5): asked for',
      ],
    },
  ])('ends by $how', ({ how, end, texts }) => {
    const log = started();
    activate(log, A);
    log.wait(10);
    end(log);
    expect(log.state.reigns[0]?.end).toEqual({ how, revision: 5, atMs: 10 });
    expect(log.state.primary?.nodeId ?? null).toBe(how === 'activation' ? B.id : null);
    expect(textsAfter(log, 4)).toEqual(texts);
  });

  it('tells for how long nobody was primary, where a proof says since when', () => {
    const log = started();
    activate(log, A);
    log.wait(1000).write({ kind: 'proof', epoch: index(4) });
    activate(log.wait(35).nextTerm(), B, 'asked for');
    log.nextTerm().write({ kind: 'noop' });
    activate(log.wait(10), A);
    expect(textsAfter(log, 5)).toEqual([
      'reignBegan: B became primary (epoch 6) after 35 ms without one: asked for',
      'reignEnded: the reign of B (epoch 6) ended: term 3 began',
      'reignBegan: A became primary (epoch 8): elected',
    ]);
  });

  it('is not ended by a proof of an earlier epoch, nor twice', () => {
    const log = started();
    activate(log, A);
    activate(log, A, 'again');
    log.write({ kind: 'proof', epoch: index(4) });
    expect(log.state.primary?.epoch).toBe(5);
    log.nextTerm().write({ kind: 'noop' });
    log.nextTerm().write({ kind: 'noop' });
    expect(log.state.reigns.map(({ end }) => end?.revision)).toEqual([5, 7]);
    expect(log.state.epoch).toBe(5);
  });

  it('is remembered up to a bound, the oldest forgotten first', () => {
    const log = started();
    for (let count = 0; count < REIGNS_MAX + 2; count += 1) activate(log, A);
    expect(log.state.reigns.length).toBe(REIGNS_MAX);
    expect(log.state.reigns[0]?.epoch).toBe(6);
  });
});
