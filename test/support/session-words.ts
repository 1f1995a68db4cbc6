// Short ways to say commands on sessions, and how fast-check draws them. There are few ids, so that commands meet,
// and lives are short, so that they end within the run.

import fc from 'fast-check';
import type { ClientCommand, Command } from '../../src/state-machine/command.js';
import type { SessionCommand } from '../../src/state-machine/sessions.js';
import { index, nodeId } from './log-words.js';

type PutSession = Extract<Command, { kind: 'putSession' }>;
type ExpireSessions = Extract<Command, { kind: 'expireSessions' }>;
type RenewSessions = Extract<Command, { kind: 'renewSessions' }>;

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function put(id: string, wish: Partial<Omit<PutSession, 'kind' | 'id'>> = {}): PutSession {
  return {
    kind: 'putSession',
    requestId: 'r',
    client: null,
    id,
    owner: null,
    nodeId: nodeId(1),
    attributes: new Map(),
    removed: [],
    ttlMs: null,
    ifRevision: null,
    ...wish,
  };
}

export function touch(id: string): SessionCommand {
  return { kind: 'touchSession', requestId: 'r', client: null, id };
}

export function remove(id: string, ifRevision: number | null = null): SessionCommand {
  const revision = ifRevision === null ? null : index(ifRevision);
  return { kind: 'deleteSession', requestId: 'r', client: null, id, ifRevision: revision };
}

export function expire(...sessions: readonly (readonly [string, number])[]): ExpireSessions {
  return {
    kind: 'expireSessions',
    sessions: sessions.map(([id, revision]) => ({ id, revision: index(revision) })),
  };
}

export function renew(...ids: readonly string[]): RenewSessions {
  return { kind: 'renewSessions', ids };
}

/** Opens a client session. */
export function open(id: string): Command {
  return { kind: 'openClientSession', requestId: 'r', id };
}

/** The command as a request of a client session. */
export function covered<C extends ClientCommand>(
  command: C,
  session: string,
  sequence: number,
  acknowledgedBelow = 1,
): C {
  return { ...command, client: { session, sequence, acknowledgedBelow } };
}

const SESSION_IDS = ['a', 'aa', 'ab', 'b', 'é', '\uffee', '\u{1f600}'] as const;

const id = fc.constantFrom(...SESSION_IDS);
const attributeName = fc.constantFrom('k', 'l', '\uffee', '\u{1f600}');
const revision = fc.integer({ min: 0, max: 60 }).map(index);

/** Any command of a client; revisions are often wrong and sometimes right. */
export const anySessionCommand: fc.Arbitrary<SessionCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        id,
        owner: fc.option(fc.constantFrom('', 'ann', 'bob')),
        attributes: fc
          .array(fc.tuple(attributeName, fc.uint8Array({ maxLength: 3 })), { maxLength: 3 })
          .map((pairs) => new Map(pairs)),
        removed: fc.array(attributeName, { maxLength: 2 }),
        ttlMs: fc.option(fc.constantFrom(1_999, 2_000, 3_000, 5_000)),
        ifRevision: fc.option(revision, { freq: 3 }),
      })
      .map(({ id: given, ...wish }) => put(given, wish)),
  },
  id.map(touch),
  fc
    .tuple(id, fc.option(revision, { freq: 2 }))
    .map(([given, expected]) => remove(given, expected)),
);

/** The same, with renewals and ends of many sessions. */
export const anyCommand: fc.Arbitrary<SessionCommand | ExpireSessions | RenewSessions> = fc.oneof(
  { weight: 6, arbitrary: anySessionCommand },
  fc.array(fc.tuple(id, revision), { maxLength: 3 }).map((sessions) => expire(...sessions)),
  fc.array(id, { maxLength: 4 }).map((ids) => renew(...ids)),
);
