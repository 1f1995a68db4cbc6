// What a history must satisfy, checked directly from the places in the log that answers name: nothing acknowledged is
// missing at the end, nothing refused ever shows, places follow real time, one revision is one content, and each answer
// follows from the one before it. Linear in the history; where a write's fate is unknown it claims less, and the
// search for an order of all operations (linearizable.ts) decides.

import { isDone } from './history.js';
import type { Answer, Delete, Operation, Put, SeenSession } from './history.js';

export interface Anomaly {
  readonly check: string;
  readonly detail: string;
}

/** All anomalies of a history; `final` is every session that was there at the end, read once all nodes were well. */
export function anomaliesOf(
  operations: readonly Operation[],
  final: ReadonlyMap<string, SeenSession>,
): Anomaly[] {
  return [
    ...lostWrites(operations, final),
    ...shownRefusals(operations, final),
    ...sharedPlaces(operations),
    ...placesAgainstTime(operations),
    ...contradictions(operations, final),
    ...wrongSuccessors(operations),
  ];
}

/** The operations on each id. */
function byId(operations: readonly Operation[]): Map<string, Operation[]> {
  const groups = new Map<string, Operation[]>();
  for (const operation of operations) {
    const { id } = operation.request;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [operation]);
    else group.push(operation);
  }
  return groups;
}

function isWrite({ request }: Operation): boolean {
  return request.kind !== 'get';
}

/** Index of the entry that an acknowledged write was; null: not acknowledged, or no write. */
function placeOfWrite(operation: Operation): number | null {
  const { answer } = operation;
  if (!isWrite(operation)) return null;
  return answer.type === 'session' || answer.type === 'deleted' ? answer.place : null;
}

function placeOf({ answer }: Operation): number | null {
  return answer.type === 'session' || answer.type === 'deleted' ? answer.place : null;
}

function text(operation: Operation): string {
  return JSON.stringify(operation);
}

/** The last acknowledged write of an id decides what is there at the end, unless a write of unknown fate came later. */
function lostWrites(
  operations: readonly Operation[],
  final: ReadonlyMap<string, SeenSession>,
): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const lost = (detail: string): void => {
    anomalies.push({ check: 'nothing acknowledged is lost', detail });
  };
  for (const [id, group] of byId(operations)) {
    let last: Operation | null = null;
    for (const operation of group) {
      const place = placeOfWrite(operation);
      if (place !== null && place > (last === null ? 0 : (placeOf(last) ?? 0))) last = operation;
    }
    if (last === null) continue;
    const unknown = group.filter(({ answer }) => answer.type === 'indeterminate');
    const there = final.get(id) ?? null;
    const why = whyNotLast(last, unknown, there);
    if (why !== null) lost(`${why}: ${text(last)}, at the end ${JSON.stringify(there)}`);
  }
  return anomalies;
}

function whyNotLast(
  last: Operation,
  unknown: readonly Operation[],
  there: SeenSession | null,
): string | null {
  const has = (kind: 'put' | 'delete'): boolean =>
    unknown.some(({ request }) => request.kind === kind);
  if (last.answer.type === 'deleted') {
    return there === null || has('put') ? null : 'deleted, and there at the end';
  }
  if (last.answer.type !== 'session') return null;
  if (there === null) return has('delete') ? null : 'not there at the end';
  if (there.revision < last.answer.place) return 'an older one is there at the end';
  if (there.revision > last.answer.place) {
    return has('put') ? null : 'a later one is there at the end that nobody wrote';
  }
  return isSame(there, last.answer.session) ? null : 'there at the end with other content';
}

/** A value names its operation, so one that was refused must never be seen. */
function shownRefusals(
  operations: readonly Operation[],
  final: ReadonlyMap<string, SeenSession>,
): Anomaly[] {
  const refused = new Map<string, Operation>();
  for (const operation of operations) {
    const { answer, request, number } = operation;
    const isNothing = answer.type === 'refused' || answer.type === 'mismatch';
    if (request.kind === 'put' && isNothing) refused.set(String(number), operation);
  }
  const anomalies: Anomaly[] = [];
  for (const { session, where } of sightings(operations, final)) {
    for (const value of Object.values(session.attributes)) {
      const operation = refused.get(value);
      if (operation === undefined) continue;
      const detail = `${text(operation)} shows in ${where}`;
      anomalies.push({ check: 'nothing refused happens', detail });
    }
  }
  return anomalies;
}

/** One entry is one request. */
function sharedPlaces(operations: readonly Operation[]): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const seen = new Map<number, Operation>();
  for (const operation of operations) {
    const place = placeOfWrite(operation);
    if (place === null) continue;
    const other = seen.get(place);
    if (other === undefined) {
      seen.set(place, operation);
      continue;
    }
    const detail = `${text(other)} and ${text(operation)}`;
    anomalies.push({ check: 'one entry is one write', detail });
  }
  return anomalies;
}

/** What begins after another has ended stands after it in the log; a read may stand at the same place. */
function placesAgainstTime(operations: readonly Operation[]): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const calls = operations
    .filter((operation) => placeOf(operation) !== null)
    .sort((a, b) => a.callUs - b.callUs);
  const returns = calls.toSorted((a, b) => a.returnUs - b.returnUs);
  let ended = 0;
  let floor: Operation | null = null;
  for (const operation of calls) {
    for (let at = returns[ended]; at !== undefined && at.returnUs < operation.callUs;) {
      if (floor === null || (placeOf(at) ?? 0) > (placeOf(floor) ?? 0)) floor = at;
      ended += 1;
      at = returns[ended];
    }
    if (floor === null) continue;
    const place = placeOf(operation) ?? 0;
    const shown = placeOf(floor) ?? 0;
    if (isWrite(operation) ? place > shown : place >= shown) continue;
    const detail = `${text(operation)} stands before ${text(floor)}, which had ended`;
    anomalies.push({ check: 'places follow real time', detail });
  }
  return anomalies;
}

/** One id at one revision has one content, whoever is asked. */
function contradictions(
  operations: readonly Operation[],
  final: ReadonlyMap<string, SeenSession>,
): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const known = new Map<string, SeenSession>();
  for (const { session, where } of sightings(operations, final)) {
    const key = `${session.id} ${session.revision}`;
    const other = known.get(key);
    if (other === undefined) known.set(key, session);
    else if (!isSame(other, session)) {
      const detail = `${where}, elsewhere ${JSON.stringify(other)}`;
      anomalies.push({ check: 'a revision has one content', detail });
    }
  }
  return anomalies;
}

/** In the order of places each answer follows from the state before it, wherever that state is known. */
function wrongSuccessors(operations: readonly Operation[]): Anomaly[] {
  const anomalies: Anomaly[] = [];
  for (const group of byId(operations).values()) {
    const firstUnknownUs = Math.min(
      ...group.filter(({ answer }) => answer.type === 'indeterminate').map(({ callUs }) => callUs),
    );
    const placed = group
      .filter((operation) => placeOf(operation) !== null)
      .sort(
        (a, b) => (placeOf(a) ?? 0) - (placeOf(b) ?? 0) || Number(isWrite(b)) - Number(isWrite(a)),
      );
    let state: SeenSession | null = null;
    for (const operation of placed) {
      const { answer, request, returnUs } = operation;
      const isKnown = returnUs < firstUnknownUs;
      const expected: Answer | null = isKnown ? successor(state, request, answer) : null;
      if (expected !== null && JSON.stringify(expected) !== JSON.stringify(sorted(answer))) {
        const detail = `${text(operation)}, expected ${JSON.stringify(expected)}`;
        anomalies.push({ check: 'each answer follows from the state before it', detail });
      }
      if (answer.type === 'session') state = answer.session;
      if (answer.type === 'deleted') state = null;
    }
  }
  return anomalies;
}

/** What the request should have been answered in this state at that place. */
function successor(
  state: SeenSession | null,
  request: Put | Delete | Operation['request'],
  { place }: Answer & { readonly place?: number },
): Answer | null {
  if (place === undefined) return null;
  if (request.kind === 'get') {
    return state === null ? { type: 'absent' } : { type: 'session', place, session: state };
  }
  if (request.ifRevision !== null && request.ifRevision !== (state?.revision ?? 0)) {
    return { type: 'mismatch', actual: state?.revision ?? 0 };
  }
  if (request.kind === 'delete') return { type: 'deleted', place, existed: state !== null };
  const attributes = new Map(Object.entries(state?.attributes ?? {}));
  for (const name of request.removed) attributes.delete(name);
  for (const [name, value] of Object.entries(request.attributes)) attributes.set(name, value);
  const session = {
    id: request.id,
    attributes: Object.fromEntries([...attributes].sort(([a], [b]) => (a < b ? -1 : 1))),
    revision: place,
    createdRevision: state?.createdRevision ?? place,
  };
  return { type: 'session', place, session };
}

function sorted(answer: Answer): Answer {
  if (answer.type !== 'session') return answer;
  const { type, place, session } = answer;
  return { type, place, session };
}

/** Everything that somebody saw of a session. */
function* sightings(
  operations: readonly Operation[],
  final: ReadonlyMap<string, SeenSession>,
): Generator<{ session: SeenSession; where: string }> {
  for (const operation of operations) {
    const { answer } = operation;
    if (isDone(answer) && answer.type === 'session') {
      yield { session: answer.session, where: text(operation) };
    }
  }
  for (const session of final.values()) {
    yield { session, where: `the end: ${JSON.stringify(session)}` };
  }
}

function isSame(a: SeenSession, b: SeenSession): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
