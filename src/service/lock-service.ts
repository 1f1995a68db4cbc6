// quorate.v1.Locks: each call is validated, brought to the leader, proposed or read behind a barrier, and answered. Whoever waits
// for a grant waits at the member that was asked, on what is applied there: that the leader dies meanwhile costs nothing.
// How locks are granted stands in the state machine.

import type { AcquireLockRequest__Output } from '../generated/quorate/v1/AcquireLockRequest.js';
import type { AcquireLockResponse } from '../generated/quorate/v1/AcquireLockResponse.js';
import type { GetLockRequest__Output } from '../generated/quorate/v1/GetLockRequest.js';
import type { GetLockResponse } from '../generated/quorate/v1/GetLockResponse.js';
import type { ListLocksRequest__Output } from '../generated/quorate/v1/ListLocksRequest.js';
import type { ListLocksResponse } from '../generated/quorate/v1/ListLocksResponse.js';
import type { ReleaseLockRequest__Output } from '../generated/quorate/v1/ReleaseLockRequest.js';
import type { ReleaseLockResponse } from '../generated/quorate/v1/ReleaseLockResponse.js';
import { LOCKS } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import { invariant } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import { SESSION_LIMITS } from '../state-machine/command.js';
import { LOCK_LIMITS } from '../state-machine/lock-types.js';
import type { LockPlace } from '../state-machine/lock-types.js';
import { placeOf } from '../state-machine/locks.js';
import type { CallContext } from './call-context.js';
import { lockMessage } from './lock-message.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { propose } from './node-calls.js';
import { answerRead } from './reads.js';
import { sessionNotFound } from './status-map.js';
import { checkNumber, checkText, clientRequestOf, pageLimit, tooLarge } from './validate.js';

/** Answers Locks.Acquire. */
export async function acquireLock(
  modules: ServiceModules,
  request: AcquireLockRequest__Output,
  context: CallContext,
): Promise<AcquireLockResponse> {
  checkClaim(request);
  const { value, delayMs = LOCK_LIMITS.delayDefaultMs, waitMs } = request;
  if (value.length > LOCK_LIMITS.valueBytesMax) {
    throw tooLarge('value', value.length, LOCK_LIMITS.valueBytesMax, 'bytes');
  }
  checkNumber('delay_ms', delayMs, 0, LOCK_LIMITS.delayMaxMs);
  const client = clientRequestOf(request.client);
  const { node, clock } = modules;
  const untilMs = Math.min(clock.nowMs() + waitMs, context.deadlineMs);
  const answer = await modules.routing.toLeader(context, LOCKS.Acquire, {
    isWrite: true,
    isCovered: client !== null,
    // The member that was asked waits, not the leader.
    request: { ...request, waitMs: 0 },
    here: async () => {
      const { name, session } = request;
      const { requestId } = context;
      const { revision, result } = await propose(
        node,
        clock,
        {
          kind: 'acquireLock',
          requestId,
          client,
          name,
          session,
          // A copy: the command lives on in the log, and must not keep the message alive.
          value: new Uint8Array(value),
          delayMs,
          isWaiting: !request.try,
        },
        context.deadlineMs,
      );
      invariant(result.type === 'lock', 'a wish for a lock is answered by its place');
      return acquired(modules, result, revision);
    },
  });
  if (answer.token !== undefined || waitMs === 0) return answer;
  // What comes from another member is a number, by the loader's options.
  const askedAt = Number(answer.header?.revision) as LogIndex;
  return (await granted(modules, request, askedAt, untilMs)) ?? answer;
}

/** Answers Locks.Release. */
export async function releaseLock(
  modules: ServiceModules,
  request: ReleaseLockRequest__Output,
  context: CallContext,
): Promise<ReleaseLockResponse> {
  checkClaim(request);
  const client = clientRequestOf(request.client);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, LOCKS.Release, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { name, session } = request;
      const { requestId } = context;
      const { revision, result } = await propose(
        node,
        clock,
        { kind: 'releaseLock', requestId, client, name, session },
        context.deadlineMs,
      );
      invariant(result.type === 'lockReleased', 'a release is answered by a release');
      const header = headerFor(modules, { revision });
      return { header, held: result.had === 'lock', waited: result.had === 'place' };
    },
  });
}

/** Answers Locks.Get. */
export async function getLock(
  modules: ServiceModules,
  request: GetLockRequest__Output,
  context: CallContext,
): Promise<GetLockResponse> {
  const { name } = request;
  checkText('name', name, 1, LOCK_LIMITS.nameBytesMax);
  const { node } = modules;
  return answerRead(modules, context, LOCKS.Get, request, (isStale) => {
    const lock = node.state.lock(name);
    if (lock === null) {
      const message = `nobody holds lock ${JSON.stringify(name)} or waits for it`;
      throw new QuorateError('LOCK_NOT_FOUND', message, { name });
    }
    return { header: headerFor(modules, { isStale }), lock: lockMessage(node, lock) };
  });
}

/** Answers Locks.List. */
export async function listLocks(
  modules: ServiceModules,
  request: ListLocksRequest__Output,
  context: CallContext,
): Promise<ListLocksResponse> {
  const { prefix, afterName: after } = request;
  checkText('prefix', prefix, 0, LOCK_LIMITS.nameBytesMax);
  checkText('after_name', after, 0, LOCK_LIMITS.nameBytesMax);
  const countMax = pageLimit(request.limit);
  const { node } = modules;
  return answerRead(modules, context, LOCKS.List, request, (isStale) => {
    const { locks, isMore } = node.state.listLocks({ prefix, after, countMax });
    return {
      header: headerFor(modules, { isStale }),
      locks: locks.map((lock) => lockMessage(node, lock)),
      more: isMore,
    };
  });
}

function checkClaim({ name, session }: { readonly name: string; readonly session: string }): void {
  checkText('name', name, 1, LOCK_LIMITS.nameBytesMax);
  checkText('session', session, 1, SESSION_LIMITS.idBytesMax);
}

function acquired(
  modules: ServiceModules,
  { token, ahead, holder }: LockPlace,
  revision: LogIndex,
): AcquireLockResponse {
  const header = headerFor(modules, { revision });
  return { header, ...(token === null ? {} : { token }), ahead, holder: holder ?? '' };
}

/** The answer once the claim is granted, or as it stands at the end of the wait; null: this member cannot tell. */
async function granted(
  modules: ServiceModules,
  { name, session }: AcquireLockRequest__Output,
  askedAt: LogIndex,
  untilMs: number,
): Promise<AcquireLockResponse | null> {
  const { node, routing } = modules;
  const placeNow = (): LockPlace | null => {
    const { state } = node;
    if (state.lastApplied.index < askedAt) return null;
    const lock = state.lock(name);
    const place = lock === null ? null : placeOf(lock, session);
    if (place === null && state.session(session) === null) throw sessionNotFound(session);
    return place;
  };
  const isWitness = node.status().cluster?.isWitness === true;
  if (isWitness) return null;
  await routing.until(untilMs, () => {
    const place = placeNow();
    return place === null || place.token === null ? null : place;
  });
  const place = placeNow();
  return place === null ? null : acquired(modules, place, node.state.lastApplied.index);
}
