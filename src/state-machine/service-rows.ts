// Providers in a snapshot: one row each, in the order of their keys. A row is written and read here only; what a request was answered
// or refused, as the exactly-once table keeps it, stands here too.

import { unreachable } from '../raft/assert.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';
import { PROVIDER_HEALTHS } from './service-types.js';
import type { Provider, ServiceRefusal, ServiceResult } from './service-types.js';
import type { ProviderMap } from './services.js';
import type { ValueReader } from './value-reader.js';

export const SERVICES_FACT = 'services';

/** One row for each provider; read lazily, a slice at a time. */
export function serviceRows(providers: ProviderMap): FactRows {
  return { fact: SERVICES_FACT, version: 1, rows: rowsOf(providers) };
}

/** Reads one row of `serviceRows`. */
export function restoreProvider(row: Row): Provider {
  const reader = readRow(SERVICES_FACT, row);
  return {
    ...readOffer(reader),
    registration: reader.index('registration'),
    reportedAtMs: reader.integer('reportedAtMs'),
    revision: reader.index('revision'),
  };
}

/** Reads what a provider offers, as its registration says it and its row keeps it. */
export function readOffer(reader: ValueReader) {
  return {
    service: reader.string('service'),
    id: reader.string('id'),
    address: reader.string('address'),
    load: reader.integer('load'),
    health: reader.oneOf('health', PROVIDER_HEALTHS),
    tags: readTags(reader),
    session: reader.nullable((field) => field.string('session')),
    nodeId: reader.nodeId('nodeId'),
  };
}

/** Reads tags as pairs of name and value. */
function readTags(reader: ValueReader): ReadonlyMap<string, string> {
  const pairs = reader.list('tags', (list) =>
    list.nested('tag', (pair): [string, string] => [pair.string('name'), pair.string('value')]),
  );
  return new Map(pairs);
}

/** What a request was answered, as plain values. */
export function serviceResultRow(result: ServiceResult): Row {
  switch (result.type) {
    case 'provider':
      return [result.registration, result.revision];
    case 'deregistered':
      return [result.existed];
    default:
      return unreachable(result);
  }
}

/** Reads what `serviceResultRow` wrote of an answer of this type. */
export function readServiceResult(type: ServiceResult['type'], reader: ValueReader): ServiceResult {
  if (type === 'deregistered') return { type, existed: reader.boolean('existed') };
  return { type, registration: reader.index('registration'), revision: reader.index('revision') };
}

/** The refusals that services know. */
export const SERVICE_REASONS = [
  'providerReplaced',
  'providerMember',
  'serviceLimit',
] as const satisfies readonly ServiceRefusal['reason'][];

/** A refusal as plain values, without its reason. */
export function serviceRefusalRow(refusal: ServiceRefusal): Row {
  switch (refusal.reason) {
    case 'providerReplaced':
      return [refusal.key, refusal.registration];
    case 'providerMember':
      return [refusal.nodeId];
    case 'serviceLimit':
      return [refusal.detail];
    default:
      return unreachable(refusal);
  }
}

/** Reads what `serviceRefusalRow` wrote of a refusal of this reason. */
export function readServiceRefusal(
  reason: ServiceRefusal['reason'],
  reader: ValueReader,
): ServiceRefusal {
  switch (reason) {
    case 'providerReplaced':
      return { reason, key: reader.string('key'), registration: reader.index('registration') };
    case 'providerMember':
      return { reason, nodeId: reader.nodeId('nodeId') };
    case 'serviceLimit':
      return { reason, detail: reader.string('detail') };
    default:
      return unreachable(reason);
  }
}

function* rowsOf(providers: ProviderMap): Generator<Row> {
  for (const provider of providers.values(null)) yield providerRow(provider);
}

function providerRow(provider: Provider): Row {
  return [
    provider.service,
    provider.id,
    provider.address,
    provider.load,
    provider.health,
    [...provider.tags],
    provider.session,
    provider.nodeId,
    provider.registration,
    provider.reportedAtMs,
    provider.revision,
  ];
}
