// A read under the lease asks for the lease before and after it. What took longer than the lease is not answered, and what
// was not found is found out again elsewhere.

import { describe, expect, it } from 'vitest';
import type { NodeApi } from '../../src/node/api.js';
import { leasedRead } from '../../src/node/reads.js';
import { readLeased } from '../../src/service/node-calls.js';

/** Answers these, one after the other, to whether the lease holds. */
function leases(...holds: boolean[]): () => boolean {
  return () => holds.shift() === true;
}

function nodeWith(isPrimary: () => boolean): NodeApi {
  const leased: NodeApi['leased'] = (use) => leasedRead(isPrimary, use);
  return { leased } as Partial<NodeApi> as NodeApi;
}

describe('a read under the lease', () => {
  it.each<[string, boolean[], { value: string } | null, number]>([
    ['holds before and after', [true, true], { value: 'read' }, 1],
    ['ends while it is read', [true, false], null, 1],
    ['does not hold', [false], null, 0],
  ])('with a lease that %s', (_name, holds, expected, reads) => {
    let count = 0;
    const use = (): string => {
      count += 1;
      return 'read';
    };
    expect(leasedRead(leases(...holds), use)).toEqual(expected);
    expect(count).toBe(reads);
  });

  it('throws what the reader threw, such as that there is nothing, only if the lease still holds', () => {
    const use = (): never => {
      throw new Error('there is no such key');
    };
    expect(() => readLeased(nodeWith(leases(true, true)), use)).toThrow('no such key');
    expect(readLeased(nodeWith(leases(true, false)), use)).toBeNull();
  });
});
