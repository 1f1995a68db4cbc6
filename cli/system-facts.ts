// Reads and changes the system definition that the cluster holds, by the API of its store. A change is one transaction that is
// carried out only if nobody changed the definition meanwhile.

import type { QuorateClient } from '../src/client/client.js';
import { CHANGES_MAX, SYSTEM_PREFIX } from '../src/config/system-facts.js';
import type { FactChange } from '../src/config/system-facts.js';
import { QuorateError } from '../src/errors.js';

/** What the cluster holds. */
export interface HeldFacts {
  readonly facts: ReadonlyMap<string, string>;
  /** Of each key; a key that is absent counts as 0. */
  readonly revisions: ReadonlyMap<string, number>;
}

/** Reads the definition and its items. */
export async function readFacts(client: QuorateClient): Promise<HeldFacts> {
  const facts = new Map<string, string>();
  const revisions = new Map<string, number>();
  let afterKey = '';
  for (let more = true; more;) {
    const page = await client.listStore({ prefix: SYSTEM_PREFIX, afterKey, limit: 1000 });
    for (const { key, value, revision } of page.entries) {
      facts.set(key, value.toString('utf8'));
      revisions.set(key, revision);
    }
    afterKey = page.entries.at(-1)?.key ?? '';
    more = page.more && page.entries.length > 0;
  }
  return { facts, revisions };
}

/** Carries the changes out, all or none; answers their revision. */
export async function changeFacts(
  client: QuorateClient,
  { revisions }: HeldFacts,
  changes: readonly FactChange[],
): Promise<number> {
  if (changes.length > CHANGES_MAX) {
    const hint = 'Install it in two steps.';
    const message = `${changes.length} changes at once, at most ${CHANGES_MAX}`;
    throw new QuorateError('WRONG_USAGE', message, {}, { hint });
  }
  const compares = changes.map(({ key }) => ({ key, revision: revisions.get(key) ?? 0 }));
  const success = changes.map(({ key, value }) =>
    value === null ? { delete: { key } } : { put: { key, value: Buffer.from(value) } },
  );
  const { succeeded, header } = await client.transact({ compares, success });
  if (succeeded) return Number(header?.revision ?? 0);
  const hint =
    'Somebody else installed at the same moment: look at `quorate system`, then install again.';
  throw new QuorateError(
    'REVISION_MISMATCH',
    'the system definition was changed meanwhile',
    {},
    { hint },
  );
}
