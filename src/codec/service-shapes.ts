// What is asked of providers of services as fields and back, but for the client session that covers a client's request, which every
// request has alike. Reports of many providers travel in one command.

import type { ProviderReport, ServiceCommand } from '../state-machine/service-types.js';
import { PROVIDER_HEALTHS } from '../state-machine/service-types.js';
import { readOffer } from '../state-machine/service-rows.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import type { FieldValue } from './envelope.js';

type Uncovered<K extends ServiceCommand['kind']> = Omit<
  Extract<ServiceCommand, { kind: K }>,
  'client'
>;

/** The request's fields, the client session's not among them. */
export function serviceFields(command: ServiceCommand): FieldValue[] {
  const { requestId, service, id } = command;
  if (command.kind === 'deregisterProvider') {
    return [requestId, service, id, command.registration];
  }
  const { address, load, health, tags, session, nodeId } = command;
  return [requestId, service, id, address, load, health, [...tags], session, nodeId];
}

/** Reads what `serviceFields` wrote of a registration. */
export function readRegisterProvider(reader: ValueReader): Uncovered<'registerProvider'> {
  return {
    kind: 'registerProvider',
    requestId: reader.string('requestId'),
    ...readOffer(reader),
  };
}

/** Reads what `serviceFields` wrote of a deregistration. */
export function readDeregisterProvider(reader: ValueReader): Uncovered<'deregisterProvider'> {
  return {
    kind: 'deregisterProvider',
    requestId: reader.string('requestId'),
    service: reader.string('service'),
    id: reader.string('id'),
    registration: reader.nullable((field) => field.index('registration')),
  };
}

/** One report's fields. */
export function reportFields(report: ProviderReport): FieldValue[] {
  const { service, id, registration, load, health } = report;
  return [service, id, registration, load, health];
}

/** Reads what `reportFields` wrote. */
export function readReport(list: ValueReader): ProviderReport {
  return list.nested('report', (report) => ({
    service: report.string('service'),
    id: report.string('id'),
    registration: report.nullable((field) => field.index('registration')),
    load: report.nullable((field) => field.integer('load')),
    health: report.nullable((field) => field.oneOf('health', PROVIDER_HEALTHS)),
  }));
}
