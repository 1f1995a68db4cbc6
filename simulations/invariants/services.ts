// Providers of services as the log leaves them (design section 5): each lives no longer than the session or the member that it belongs to, goes
// for no other reason unless somebody takes it away, and what is told of it counts only for its own registration. Who is sent to a
// provider is sent to one of the state that was read.

import type { Provider } from '../../src/state-machine/service-types.js';
import { keyOf } from '../../src/state-machine/services.js';
import { digestOfProviders, SERVICES } from '../facts/provider-clients.js';
import type { History } from '../history.js';
import type { Operation } from '../operation.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import { firstApplied } from './first-applied.js';
import type { Applied, Invariant } from './invariant.js';

export function services(world: World, history: History): Invariant {
  const known = new Map<string, Provider>();
  let members: unknown = null;

  const judge = (
    applied: Applied,
    key: string,
    before: Provider | null,
    after: Provider | null,
  ): void => {
    const { entry, command } = applied;
    const say = (what: string): string => `after entry ${entry.index} provider ${key} ${what}`;
    if (after !== null) {
      hold(isHeld(applied, after), 'services', () => say(`outlives ${holderOf(after)}`));
      const isOther = before === null || before.registration !== after.registration;
      const isOwn = command?.kind === 'registerProvider' && after.registration === entry.index;
      hold(!isOther || isOwn, 'services', () => say('has a registration that nobody asked for'));
      if (before !== null && !isOther && command?.kind === 'reportProviders') {
        judgeReports(applied, key, before, after);
      }
      return;
    }
    if (before === null) return;
    const isTaken = command?.kind === 'deregisterProvider' && keyOf(command) === key;
    hold(isTaken || !isHeld(applied, before), 'services', () => {
      return say(`is gone, although ${holderOf(before)} is not`);
    });
    if (!isTaken) world.count(before.session === null ? 'providersLeft' : 'providersExpired');
  };

  const look = (applied: Applied): void => {
    const { state } = applied.process.node;
    const now = new Map(
      SERVICES.flatMap((name) => state.services.of(name)).map((each) => [keyOf(each), each]),
    );
    for (const key of new Set([...known.keys(), ...now.keys()])) {
      const [before, after] = [known.get(key) ?? null, now.get(key) ?? null];
      if (before !== after || after !== null) judge(applied, key, before, after);
      if (after === null) known.delete(key);
      else known.set(key, after);
    }
    for (const name of SERVICES) {
      const digest = digestOfProviders(state.services.of(name));
      history.noteFact('service', name, { index: applied.entry.index, digest });
    }
  };

  return {
    applied: firstApplied((applied) => {
      const { state } = applied.process.node;
      const hasMoved = state.members !== members;
      members = state.members;
      const isOne = isAbout(applied) || (known.size > 0 && (hasMoved || endsSessions(applied)));
      if (isOne) look(applied);
    }),
    ended: (operation) => judgePick(operation),
  };
}

function isAbout({ command }: Applied): boolean {
  const kind = command?.kind;
  return kind === 'registerProvider' || kind === 'deregisterProvider' || kind === 'reportProviders';
}

function endsSessions({ command }: Applied): boolean {
  return command?.kind === 'expireSessions' || command?.kind === 'deleteSession';
}

/** What it belongs to is there. */
function isHeld({ process }: Applied, { session, nodeId }: Provider): boolean {
  const { state } = process.node;
  if (session !== null) return state.session(session) !== null;
  return state.members.some(({ id }) => id === nodeId);
}

function holderOf({ session, nodeId }: Provider): string {
  return session === null ? `member ${nodeId}` : `session ${session}`;
}

/** Only reports of its own registration change it, and the last of them stands. */
function judgeReports(
  { command, entry }: Applied,
  key: string,
  before: Provider,
  after: Provider,
): void {
  if (command?.kind !== 'reportProviders') return;
  const own = command.reports.filter(
    (report) =>
      keyOf(report) === key && (report.registration ?? before.registration) === before.registration,
  );
  const load = own.findLast((report) => report.load !== null)?.load ?? before.load;
  const health = own.findLast((report) => report.health !== null)?.health ?? before.health;
  hold(after.load === load && after.health === health, 'services', () => {
    return `after entry ${entry.index} provider ${key} has load ${after.load} and is ${after.health}, not ${load} and ${health}`;
  });
}

function judgePick(operation: Operation): void {
  if (operation.kind !== 'read' || operation.of !== 'service') return;
  const picked = operation.answer?.picked ?? null;
  hold(picked === null || picked.service === operation.sessionId, 'services', () => {
    return `${operation.id} was sent to ${picked?.service}/${picked?.id}, which does not offer ${operation.sessionId}`;
  });
  hold(picked === null || picked.health === 'healthy', 'services', () => {
    return `${operation.id} was sent to ${picked?.service}/${picked?.id}, which is ${picked?.health}`;
  });
}
