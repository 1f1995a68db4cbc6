// quorate.v1.Services: each call is validated, brought to the leader, proposed or read behind a barrier, and answered. How reports are
// gathered stands in services-reports.ts, how providers change in the state machine. The dice of Resolve are thrown here.

import type { DeregisterProviderRequest__Output } from '../generated/quorate/v1/DeregisterProviderRequest.js';
import type { DeregisterProviderResponse } from '../generated/quorate/v1/DeregisterProviderResponse.js';
import type { GetProviderRequest__Output } from '../generated/quorate/v1/GetProviderRequest.js';
import type { GetProviderResponse } from '../generated/quorate/v1/GetProviderResponse.js';
import type { ListProvidersRequest__Output } from '../generated/quorate/v1/ListProvidersRequest.js';
import type { ListProvidersResponse } from '../generated/quorate/v1/ListProvidersResponse.js';
import type { ProviderReport__Output } from '../generated/quorate/v1/ProviderReport.js';
import type { RegisterProviderRequest__Output } from '../generated/quorate/v1/RegisterProviderRequest.js';
import type { RegisterProviderResponse } from '../generated/quorate/v1/RegisterProviderResponse.js';
import type { ReportProvidersRequest__Output } from '../generated/quorate/v1/ReportProvidersRequest.js';
import type { ReportProvidersResponse } from '../generated/quorate/v1/ReportProvidersResponse.js';
import { SERVICES } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import { invariant } from '../raft/assert.js';
import type { LogIndex, NodeId } from '../raft/types.js';
import { SESSION_LIMITS } from '../state-machine/command.js';
import { keyOf } from '../state-machine/services.js';
import { providerKey, SERVICE_LIMITS } from '../state-machine/service-types.js';
import type {
  ProviderHealth,
  ProviderOffer,
  ProviderReport,
} from '../state-machine/service-types.js';
import { compareUtf8 } from '../state-machine/utf8-order.js';
import type { CallContext } from './call-context.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { propose } from './node-calls.js';
import { answerRead } from './reads.js';
import { HEALTH_OF, providerMessage, withheldBy } from './services-message.js';
import type { ProviderReports } from './services-reports.js';
import { memberByName } from './status-map.js';
import {
  checkNodeName,
  checkNumber,
  checkText,
  clientRequestOf,
  invalid,
  pageLimit,
  REQUEST_LIMITS,
  tooLarge,
} from './validate.js';

/** Answers Services.Register. */
export async function registerProvider(
  modules: ServiceModules,
  request: RegisterProviderRequest__Output,
  context: CallContext,
): Promise<RegisterProviderResponse> {
  const offer = offerOf(request);
  if (request.node !== '') checkNodeName('node', request.node);
  const client = clientRequestOf(request.client);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, SERVICES.Register, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { requestId, deadlineMs } = context;
      const nodeId = memberOf(modules, request.node, context);
      const command = { kind: 'registerProvider', requestId, client, ...offer, nodeId } as const;
      const { revision: at, result } = await propose(node, clock, command, deadlineMs);
      invariant(result.type === 'provider', 'a registration is answered by a provider');
      const { registration, revision } = result;
      return { header: headerFor(modules, { revision: at }), registration, revision };
    },
  });
}

/** Answers Services.Report: one question may tell of a thousand providers. */
export function reportProviders(reports: ProviderReports) {
  return async (
    modules: ServiceModules,
    request: ReportProvidersRequest__Output,
    context: CallContext,
  ): Promise<ReportProvidersResponse> => {
    const { reportBatchMax } = SERVICE_LIMITS;
    if (request.reports.length > reportBatchMax) {
      throw tooLarge('reports', request.reports.length, reportBatchMax, 'reports');
    }
    const told = request.reports.map(reportOf);
    if (new Set(told.map(keyOf)).size < told.length) {
      throw invalid('reports', 'expected each provider once');
    }
    return modules.routing.toLeader(context, SERVICES.Report, {
      isWrite: true,
      // A repetition tells the same, a little later.
      isCovered: true,
      request,
      here: async () => {
        const revisions = await reports.store(told, context.deadlineMs);
        const providers = revisions.map((revision) => (revision === null ? {} : { revision }));
        return { header: headerFor(modules), providers };
      },
    });
  };
}

/** Answers Services.Deregister. */
export async function deregisterProvider(
  modules: ServiceModules,
  request: DeregisterProviderRequest__Output,
  context: CallContext,
): Promise<DeregisterProviderResponse> {
  const { service, id } = request;
  checkKey(request);
  const registration = registrationOf(request);
  const client = clientRequestOf(request.client);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, SERVICES.Deregister, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { requestId, deadlineMs } = context;
      const asked = { requestId, client, service, id, registration };
      const command = { kind: 'deregisterProvider', ...asked } as const;
      const { revision, result } = await propose(node, clock, command, deadlineMs);
      invariant(result.type === 'deregistered', 'a deregistration is answered by one');
      return { header: headerFor(modules, { revision }), existed: result.existed };
    },
  });
}

/** Answers Services.Get. */
export async function getProvider(
  modules: ServiceModules,
  request: GetProviderRequest__Output,
  context: CallContext,
): Promise<GetProviderResponse> {
  const { service, id } = request;
  checkKey(request);
  const { node } = modules;
  return answerRead(modules, context, SERVICES.Get, request, (isStale) => {
    const provider = node.state.services.get(providerKey(service, id));
    if (provider === null) {
      const message = `service ${service} has no provider ${JSON.stringify(id)}`;
      throw new QuorateError('PROVIDER_NOT_FOUND', message, { service, id });
    }
    const withheld = withheldBy(node)(provider) ?? '';
    const header = headerFor(modules, { isStale });
    return { header, provider: { ...providerMessage(node, provider), withheld } };
  });
}

/** Answers Services.List. */
export async function listProviders(
  modules: ServiceModules,
  request: ListProvidersRequest__Output,
  context: CallContext,
): Promise<ListProvidersResponse> {
  const { service, afterKey: after } = request;
  if (service !== '') checkNodeName('service', service);
  checkText('after_key', after, 0, 64 + SERVICE_LIMITS.idBytesMax);
  const countMax = pageLimit(request.limit);
  const prefix = service === '' ? '' : providerKey(service, '');
  const { node } = modules;
  return answerRead(modules, context, SERVICES.List, request, (isStale) => {
    const bytesMax = REQUEST_LIMITS.pageBytesMax;
    const { providers, isMore } = node.state.services.list({ prefix, after, countMax, bytesMax });
    const why = withheldBy(node);
    return {
      header: headerFor(modules, { isStale }),
      providers: providers.map((provider) => {
        return { ...providerMessage(node, provider), withheld: why(provider) ?? '' };
      }),
      more: isMore,
    };
  });
}

/** Checks which provider is meant. */
function checkKey({ service, id }: { readonly service: string; readonly id: string }): void {
  checkNodeName('service', service);
  checkText('id', id, 1, SERVICE_LIMITS.idBytesMax);
}

/** Checks tags; in the order of their names' bytes. */
export function tagsOf(tags: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const { tagsMax, tagNameBytesMax, tagsBytesMax } = SERVICE_LIMITS;
  const pairs = Object.entries(tags).toSorted(([a], [b]) => compareUtf8(a, b));
  if (pairs.length > tagsMax) throw tooLarge('tags', pairs.length, tagsMax, 'tags');
  let bytes = 0;
  for (const [name, value] of pairs) {
    checkText('tags', name, 1, tagNameBytesMax);
    checkText('tags', value, 0, tagsBytesMax);
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > tagsBytesMax) throw tooLarge('tags', bytes, tagsBytesMax, 'bytes');
  return new Map(pairs);
}

function offerOf(request: RegisterProviderRequest__Output): Omit<ProviderOffer, 'nodeId'> {
  const { service, id, address, load, session } = request;
  checkKey(request);
  checkText('address', address, 1, SERVICE_LIMITS.addressBytesMax);
  checkNumber('load', load, 0, SERVICE_LIMITS.loadMax);
  checkText('session', session, 0, SESSION_LIMITS.idBytesMax);
  const health = healthOf(request) ?? 'healthy';
  const tags = tagsOf(request.tags);
  return { service, id, address, load, health, tags, session: session === '' ? null : session };
}

function reportOf(report: ProviderReport__Output): ProviderReport {
  const { service, id, load = null } = report;
  checkKey(report);
  if (load !== null) checkNumber('load', load, 0, SERVICE_LIMITS.loadMax);
  const health = healthOf(report);
  if (load === null && health === null) throw invalid('reports', 'expected a load or a health');
  return { service, id, registration: registrationOf(report), load, health };
}

function healthOf({ health }: Pick<ProviderReport__Output, 'health'>): ProviderHealth | null {
  const known = HEALTH_OF.get(health);
  // One of a newer version arrives as its number.
  if (known === undefined) throw invalid('health', 'expected HEALTHY, DRAINING or UNHEALTHY');
  return known;
}

function registrationOf({ registration }: { readonly registration: number }): LogIndex | null {
  checkNumber('registration', registration, 0, Number.MAX_SAFE_INTEGER);
  return registration === 0 ? null : (registration as LogIndex);
}

function memberOf({ node }: ServiceModules, name: string, context: CallContext): NodeId {
  const status = node.outline();
  if (name === '') return context.viaNodeId ?? status.nodeId;
  const member = memberByName(status, name);
  if (member !== null) return member.id;
  throw new QuorateError('UNKNOWN_NODE', `no member is called ${name}`, { name });
}
