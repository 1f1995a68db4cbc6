// The options of a read, and what each asks for. Both at once are wrong usage.
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';

import { addConsistency, consistencyOf } from '../../cli/consistency.js';

function parsed(...args: string[]): unknown {
  const command = addConsistency(new Command('get'), 'from this node').exitOverride();
  command.configureOutput({ writeErr: () => {} });
  return consistencyOf(command.parse(args, { from: 'user' }).opts());
}

describe('a read', () => {
  test.each([
    ['without an option', [], 'LINEARIZABLE'],
    ['with --stale', ['--stale'], 'STALE'],
    ['with --leased', ['--leased'], 'LEASED'],
  ] as const)('%s (%s) asks for %s', (_name, args, expected) => {
    expect(parsed(...args)).toBe(expected);
  });

  test('with both is wrong usage', () => {
    expect(() => parsed('--stale', '--leased')).toThrow(
      "'--leased' cannot be used with option '--stale'",
    );
  });
});
