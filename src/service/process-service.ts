// quorate.v1.Processes: what the node that is asked supervises, how it is itself, and an operator's word to a process or a
// group. Nothing is forwarded: a process runs where it runs. What a command comes to is decided by the keeper, here it becomes
// an answer or an error that says what to do.

import { nearWord } from '../config/near-word.js';
import { QuorateError } from '../errors.js';
import type { ListProcessesResponse } from '../generated/quorate/v1/ListProcessesResponse.js';
import type { NodeUsage } from '../generated/quorate/v1/NodeUsage.js';
import type { Process } from '../generated/quorate/v1/Process.js';
import type { ProcessState } from '../generated/quorate/v1/ProcessState.js';
import type { StartProcessRequest__Output } from '../generated/quorate/v1/StartProcessRequest.js';
import type { StartProcessResponse } from '../generated/quorate/v1/StartProcessResponse.js';
import type { ProcessDefinition } from '../keeper/process-definition.js';
import type { ProcessView } from '../keeper/process-view.js';
import type { Action, CommandAnswer } from '../keeper/words.js';
import { ownState } from '../node/own-state.js';
import type { CallContext } from './call-context.js';
import { nameOfOwn } from './modules.js';
import type { ProcessPort, ServiceModules } from './modules.js';
import { memberById } from './status-map.js';
import { checkNodeName, checkReason } from './validate.js';

/** A keeper that says nothing for as long stands still or is started anew. */
const KEEPER_ANSWER_MS = 2000;

const STATES: Readonly<Record<ProcessView['state'], ProcessState & string>> = {
  stopped: 'PROCESS_STOPPED',
  standby: 'PROCESS_STANDBY',
  starting: 'PROCESS_STARTING',
  running: 'PROCESS_RUNNING',
  stopping: 'PROCESS_STOPPING',
  waiting: 'PROCESS_WAITING',
  failed: 'PROCESS_FAILED',
};

/** Answers Processes.List; a keeper that is silent leaves what is configured, in no known state. */
export async function listProcesses(
  modules: ServiceModules,
  _request: object,
  context: CallContext,
): Promise<ListProcessesResponse> {
  const { processes: port = null } = modules;
  const node = nodeUsage(modules);
  if (port === null || (port.processes.length === 0 && port.keeperPid === null)) return { node };
  const views = await port.look(waitMs(modules, context));
  const { guarantee, keeperPid } = port;
  return {
    node,
    supervision: {
      ...(guarantee === null ? {} : { guarantee: guarantee.kind, why: guarantee.why }),
      ...(keeperPid === null ? {} : { keeperPid }),
    },
    processes: views === null ? port.processes.map(unseen) : views.map((one) => seen(one, port)),
  };
}

/** Makes the handler of Processes.Start, Stop or Restart, which differ in their action alone. */
export function commandProcess(action: Action) {
  return async (
    modules: ServiceModules,
    { name, reason, dryRun }: StartProcessRequest__Output,
    context: CallContext,
  ): Promise<StartProcessResponse> => {
    checkNodeName('name', name);
    checkReason(reason);
    const { processes: port = null, log } = modules;
    if (port === null) throw unknown(name, []);
    const answer = await port.command(name, action, waitMs(modules, context), dryRun);
    if (answer?.type !== 'done') throw refusal(modules, port, name, answer);
    if (dryRun) return { names: [...answer.names] };
    const { who, requestId } = context;
    const fields = { request: requestId, who, action, processes: answer.names };
    log.info(reason === '' ? fields : { ...fields, reason }, 'an operator commands processes');
    return { names: [...answer.names] };
  };
}

function waitMs({ clock }: ServiceModules, { deadlineMs }: CallContext): number {
  return Math.max(0, Math.min(KEEPER_ANSWER_MS, deadlineMs - clock.nowMs()));
}

function nodeUsage(modules: ServiceModules): NodeUsage {
  const { node, self, clock, usage } = modules;
  const status = node.status();
  const { cpuPercent, ...used } = usage.look();
  return {
    name: nameOfOwn(modules, node.outline()),
    state: ownState(status),
    epoch: status.epoch,
    ...used,
    ...(cpuPercent === null ? {} : { cpuPercent }),
    uptimeMs: clock.nowMs() - self.startedAtMs,
    version: self.version,
  };
}

function seen(view: ProcessView, { stays }: ProcessPort): Process {
  const { group, pid, epoch, cpuPercent, memoryBytes, uptimeMs, why: own, state, ...steady } = view;
  const why = stays.all.find(({ name }) => name === view.name)?.line ?? own;
  const known = { group, pid, epoch, cpuPercent, memoryBytes, uptimeMs, why };
  const given = Object.entries(known).filter(([, value]) => value !== null);
  return { ...steady, state: STATES[state], ...Object.fromEntries(given) };
}

function unseen({ name, group, primaryOnly }: ProcessDefinition): Process {
  return { name, primaryOnly, ...(group === null ? {} : { group }) };
}

type Refused = Exclude<CommandAnswer, { type: 'done' }>;

function refusal(
  modules: ServiceModules,
  { processes }: ProcessPort,
  name: string,
  answer: Refused | null,
): QuorateError {
  switch (answer?.type) {
    case undefined:
      return new QuorateError('KEEPER_SILENT', 'the keeper of the processes does not answer');
    case 'unknown':
      return unknown(name, processes);
    case 'notPrimary':
      return notPrimary(modules, name);
    case 'handingOver':
      return new QuorateError('HANDING_OVER', `${name} runs only on the primary, which changes`);
    case 'ending':
      return new QuorateError(
        'STOPPING',
        'the daemon ends its processes',
        {},
        { hint: AFTERWARDS },
      );
    case 'runs':
      return new QuorateError('PROCESS_RUNS', `${name} runs already`, { name });
    case 'stopped':
      return new QuorateError('PROCESS_STOPPED', `${name} does not run`, { name });
  }
}

const AFTERWARDS = 'Start the daemon again: it starts its processes as configured.';

function unknown(name: string, processes: readonly ProcessDefinition[]): QuorateError {
  const names = processes.flatMap(({ name: one, group }) =>
    group === null ? [one] : [one, group],
  );
  const near = nearWord(name, names);
  const meant = near === null ? '' : `; did you mean ${near}?`;
  return new QuorateError(
    'UNKNOWN_PROCESS',
    `this node has no process or group ${name}${meant}`,
    near === null ? {} : { near },
  );
}

function notPrimary(modules: ServiceModules, name: string): QuorateError {
  const { node } = modules;
  const status = node.status();
  const self = nameOfOwn(modules, node.outline());
  // A leader that is not primary yet is told as nobody.
  const { leaderId, nodeId } = status;
  const primary = leaderId === nodeId ? null : (memberById(status, leaderId) ?? null);
  const whose = primary === null ? 'nobody is known to be' : `which is ${primary.name}`;
  return new QuorateError(
    'NOT_PRIMARY',
    `${name} runs only on the primary, ${whose}; this is ${self}`,
    primary === null ? {} : { primary: primary.api, primaryName: primary.name },
  );
}
