// What somebody who is logged in can do: hand the primacy over, remove a member, pause and resume. Each is the method of the API that
// the command line calls, asked from within with the same right, the same way to the leader and the same trace in the events; a dry
// run answers the forecast that the method makes.

import { CLUSTER } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import type { Forecast__Output } from '../generated/quorate/v1/Forecast.js';
import { contextOfOwn } from '../service/call-context.js';
import type { CallContext } from '../service/call-context.js';
import { remove, setPrimary } from '../service/member-service.js';
import type { ServiceModules } from '../service/modules.js';
import { changeSettings } from '../service/setting-service.js';
import type { Action, ActionAnswer, ActionRequest, Forecast } from './feed.js';

/** A request that was read and checked. */
export type Order = Required<ActionRequest>;

interface Outcome {
  readonly isUnchanged: boolean;
  /** After "would" or as it is. */
  readonly what: { readonly done: string; readonly planned: string };
  readonly forecast: Forecast__Output | null;
}

interface Method {
  readonly path: string;
  readonly run: (modules: ServiceModules, order: Order, context: CallContext) => Promise<Outcome>;
}

const METHODS: Readonly<Record<Action, Method>> = {
  'set-primary': { path: CLUSTER.SetPrimary.path, run: handOver },
  remove: { path: CLUSTER.Remove.path, run: removeMember },
  pause: { path: CLUSTER.ChangeSettings.path, run: (...all) => setPaused(true, ...all) },
  resume: { path: CLUSTER.ChangeSettings.path, run: (...all) => setPaused(false, ...all) },
};

/** By the last word of their paths. */
export const ACTIONS = Object.keys(METHODS) as readonly Action[];

/** Whether somebody names a member for it. */
export function namesMember(action: Action): boolean {
  return action === 'set-primary' || action === 'remove';
}

/**
 * Carries it out, or says what it would come to. `who` is how the events call whoever asked. Rejects with what the method refuses with,
 * or with PERMISSION_DENIED.
 */
export async function act(
  modules: ServiceModules,
  action: Action,
  order: Order,
  who: string,
  timeoutMs: number,
): Promise<ActionAnswer> {
  const { path, run } = METHODS[action];
  const identity = { name: who };
  if (!modules.authorise(identity, path)) {
    throw new QuorateError('PERMISSION_DENIED', `${who} may not use ${path}`);
  }
  const deadlineMs = modules.clock.nowMs() + timeoutMs;
  const context = { ...contextOfOwn(path, who, deadlineMs), identity };
  const { isUnchanged, what, forecast } = await run(modules, order, context);
  const { dryRun, reason } = order;
  const { requestId } = context;
  modules.log.info(
    { request: requestId, who, action, ...order, reason },
    'the Command Center acts',
  );
  return {
    action,
    dryRun,
    isUnchanged,
    text: dryRun ? what.planned : what.done,
    requestId,
    forecast: dryRun ? forecastOf(forecast) : null,
  };
}

async function handOver(
  modules: ServiceModules,
  order: Order,
  context: CallContext,
): Promise<Outcome> {
  const { responseSerialize, responseDeserialize } = CLUSTER.SetPrimary;
  // Through the wire's form, so that an answer of this node reads as one that was forwarded.
  const answer = responseDeserialize(responseSerialize(await setPrimary(modules, order, context)));
  const { name } = order;
  const { unchanged: isUnchanged, epoch } = answer;
  if (isUnchanged) {
    const text = `${name} is primary already; nothing changes.`;
    return { isUnchanged, what: { done: text, planned: text }, forecast: answer.forecast ?? null };
  }
  const done = `${name} is primary, epoch ${epoch}.`;
  const planned = `${name} would become primary.`;
  return { isUnchanged, what: { done, planned }, forecast: answer.forecast ?? null };
}

async function removeMember(
  modules: ServiceModules,
  order: Order,
  context: CallContext,
): Promise<Outcome> {
  const { responseSerialize, responseDeserialize } = CLUSTER.Remove;
  const asked = { ...order, force: false };
  const answer = responseDeserialize(responseSerialize(await remove(modules, asked, context)));
  const { name } = order;
  const what = {
    done: `${name} is no member any more.`,
    planned: `${name} would be removed.`,
  };
  return { isUnchanged: false, what, forecast: answer.forecast ?? null };
}

async function setPaused(
  paused: boolean,
  modules: ServiceModules,
  { reason, dryRun }: Order,
  context: CallContext,
): Promise<Outcome> {
  const { responseSerialize, responseDeserialize } = CLUSTER.ChangeSettings;
  const asked = { reason, dryRun, failover: '', paused };
  const answer = responseDeserialize(
    responseSerialize(await changeSettings(modules, asked, context)),
  );
  const { unchanged: isUnchanged } = answer;
  const [what, soFar] = paused ? ['paused', 'paused already'] : ['resumed', 'not paused'];
  const text = `Automatic reigns are ${soFar}; nothing changes.`;
  const words = {
    done: `Automatic reigns are ${what}.`,
    planned: `Automatic reigns would be ${what}.`,
  };
  const told = isUnchanged ? { done: text, planned: text } : words;
  return { isUnchanged, what: told, forecast: answer.forecast ?? null };
}

function forecastOf(forecast: Forecast__Output | null): Forecast | null {
  if (forecast === null) return null;
  const { before, after, gapMs, gapBasis, failOverGapMs, failOverBasis, consequences } = forecast;
  return {
    failureToleranceBefore: before?.failureTolerance ?? null,
    failureToleranceAfter: after?.failureTolerance ?? null,
    nextPrimary: after?.primary ?? null,
    expectedGapMs: gapMs ?? null,
    gapBasis: gapBasis === '' ? null : gapBasis,
    failOverGapMs: failOverGapMs ?? null,
    failOverBasis: failOverBasis === '' ? null : failOverBasis,
    notes: consequences,
  };
}
