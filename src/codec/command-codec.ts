// Commands and snapshot parts as bytes, for the driver's port. A command travels inside an entry and leaves the checksum
// to it; a part has one of its own. Bytes inside what was decoded are copies: a session's attribute lives for hours
// and must not keep alive the message or the record in which it came.

import { InvariantViolation, unreachable } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { ClientRequest, Command } from '../state-machine/command.js';
import type { SnapshotPart, SnapshotValue } from '../state-machine/snapshot-part.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import { checksum } from './checksum.js';
import { CodecError } from './codec-error.js';
import { damaged, openKind, seal, unknownKind, unwrap, wrap } from './envelope.js';
import type { FieldValue } from './envelope.js';
import { FieldReader } from './field-reader.js';
import {
  jobFields,
  readCancelJob,
  readClaimJob,
  readReportJob,
  readRetryJob,
  readSubmitJob,
} from './job-shapes.js';
import {
  policyFields,
  readDeletePolicy,
  readPutPolicy,
  readRollBackPolicy,
} from './policy-shapes.js';
import { lockFields, readAcquireLock, readReleaseLock } from './lock-shapes.js';
import {
  readDeregisterProvider,
  readRegisterProvider,
  readReport,
  reportFields,
  serviceFields,
} from './service-shapes.js';
import { readStore, storeFields } from './store-shapes.js';
import { COMMAND_KIND, RECORD_KIND } from './kinds.js';
import { VALUES } from './slab.js';

/** Values of a row are nested no deeper than this. */
const ROW_DEPTH_MAX = 8;

/** What to do where something sound is not known; nothing that is not known is ever skipped. */
const INSTALL_LATER = 'install the version that the other members run';

/** What the driver's `CommandCodecPort` asks for. */
export const commandCodec = { encodeCommand, decodeCommand, encodePart, decodePart, checksum };

/** The command's bytes, for the data of an entry. */
export function encodeCommand(command: Command): Uint8Array {
  return wrap(COMMAND_KIND[command.kind], commandFields(command));
}

/**
 * The command of an entry's data.
 * Throws `InvariantViolation` on anything else: the entry is committed and its checksum is sound, so these bytes come
 * from a version that knows more, and skipping them would make this node's state differ from the others'.
 */
export function decodeCommand(data: Uint8Array): Command {
  try {
    const { kind, fields } = unwrap('command', data);
    return readCommand(kind, new FieldReader('command', fields));
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    const message = `a committed command is not known: ${error.message}; ${INSTALL_LATER}`;
    throw new InvariantViolation(message, { cause: error });
  }
}

/** The part's bytes, with version and checksum. */
export function encodePart({ fact, version, rows }: SnapshotPart): Uint8Array {
  return seal(RECORD_KIND.snapshotPart, [fact, version, rows]);
}

/** Throws `CodecError`. Which facts and versions are known is the state machine's to say. */
export function decodePart(data: Uint8Array): SnapshotPart {
  const what = 'snapshot part';
  const fields = openKind(what, RECORD_KIND.snapshotPart, data);
  const reader = new FieldReader(what, fields);
  const fact = reader.string('fact');
  const version = reader.integer('version');
  const rows = fields[2];
  if (!Array.isArray(rows)) throw damaged(what, `expected rows, got ${typeof rows}`);
  return { fact, version, rows: rows.map((row) => readRow(what, row)) };
}

function commandFields(command: Command): FieldValue[] {
  switch (command.kind) {
    case 'putSession':
      return [
        command.requestId,
        command.id,
        command.owner,
        command.nodeId,
        [...command.attributes],
        command.removed,
        command.ttlMs,
        command.ifRevision,
        clientFields(command.client),
      ];
    case 'touchSession':
      return [command.requestId, command.id, clientFields(command.client)];
    case 'deleteSession':
      return [command.requestId, command.id, command.ifRevision, clientFields(command.client)];
    case 'changeStore':
      return storeFields(command.requestId, command, clientFields(command.client));
    case 'acquireLock':
    case 'releaseLock':
      return [...lockFields(command), clientFields(command.client)];
    case 'grantLocks':
      return [command.names];
    case 'submitJob':
    case 'claimJob':
    case 'reportJob':
    case 'cancelJob':
    case 'retryJob':
      return [...jobFields(command), clientFields(command.client)];
    case 'putPolicy':
    case 'rollBackPolicy':
    case 'deletePolicy':
      return [...policyFields(command), clientFields(command.client)];
    case 'lapseJobs':
      return [command.claims.map(({ id, token }) => [id, token])];
    case 'registerProvider':
    case 'deregisterProvider':
      return [...serviceFields(command), clientFields(command.client)];
    case 'noteGivenUp':
      return [command.name, command.epoch, command.why];
    case 'reportProviders':
      return [command.reports.map(reportFields)];
    case 'openClientSession':
      return [command.requestId, command.id];
    case 'renewSessions':
      return [command.ids];
    case 'expireSessions':
      return [command.sessions.map(({ id, revision }) => [id, revision])];
    default:
      return unreachable(command);
  }
}

function readCommand(kind: number, reader: ValueReader): Command {
  switch (kind) {
    case COMMAND_KIND.putSession:
      return {
        kind: 'putSession',
        requestId: reader.string('requestId'),
        id: reader.string('id'),
        owner: reader.nullable((field) => field.string('owner')),
        nodeId: reader.nodeId('nodeId'),
        attributes: new Map(
          reader.list('attributes', (list) => list.nested('attribute', readAttribute)),
        ),
        removed: reader.list('removed', (list) => list.string('name')),
        ttlMs: reader.nullable((field) => field.integer('ttlMs')),
        ifRevision: reader.nullable((field) => field.index('ifRevision')),
        client: readClient(reader),
      };
    case COMMAND_KIND.touchSession:
      return {
        kind: 'touchSession',
        requestId: reader.string('requestId'),
        id: reader.string('id'),
        client: readClient(reader),
      };
    case COMMAND_KIND.deleteSession:
      return {
        kind: 'deleteSession',
        requestId: reader.string('requestId'),
        id: reader.string('id'),
        ifRevision: reader.nullable((field) => field.index('ifRevision')),
        client: readClient(reader),
      };
    case COMMAND_KIND.changeStore:
      return {
        kind: 'changeStore',
        requestId: reader.string('requestId'),
        ...readStore(reader),
        client: readClient(reader),
      };
    case COMMAND_KIND.acquireLock:
      return { ...readAcquireLock(reader), client: readClient(reader) };
    case COMMAND_KIND.releaseLock:
      return { ...readReleaseLock(reader), client: readClient(reader) };
    case COMMAND_KIND.grantLocks:
      return { kind: 'grantLocks', names: reader.list('names', (list) => list.string('name')) };
    case COMMAND_KIND.openClientSession:
      return {
        kind: 'openClientSession',
        requestId: reader.string('requestId'),
        id: reader.string('id'),
      };
    case COMMAND_KIND.renewSessions:
      return { kind: 'renewSessions', ids: reader.list('ids', (list) => list.string('id')) };
    case COMMAND_KIND.expireSessions:
      return {
        kind: 'expireSessions',
        sessions: reader.list('sessions', (list) =>
          list.nested('session', (pair) => ({
            id: pair.string('id'),
            revision: pair.index('revision'),
          })),
        ),
      };
    default:
      return readJobCommand(kind, reader);
  }
}

function readJobCommand(kind: number, reader: ValueReader): Command {
  switch (kind) {
    case COMMAND_KIND.submitJob:
      return { ...readSubmitJob(reader), client: readClient(reader) };
    case COMMAND_KIND.claimJob:
      return { ...readClaimJob(reader), client: readClient(reader) };
    case COMMAND_KIND.reportJob:
      return { ...readReportJob(reader), client: readClient(reader) };
    case COMMAND_KIND.cancelJob:
      return { ...readCancelJob(reader), client: readClient(reader) };
    case COMMAND_KIND.retryJob:
      return { ...readRetryJob(reader), client: readClient(reader) };
    case COMMAND_KIND.lapseJobs:
      return { kind: 'lapseJobs', claims: reader.list('claims', readLapsed) };
    case COMMAND_KIND.registerProvider:
      return { ...readRegisterProvider(reader), client: readClient(reader) };
    case COMMAND_KIND.deregisterProvider:
      return { ...readDeregisterProvider(reader), client: readClient(reader) };
    case COMMAND_KIND.noteGivenUp:
      return {
        kind: 'noteGivenUp',
        name: reader.string('name'),
        epoch: reader.index('epoch'),
        why: reader.string('why'),
      };
    case COMMAND_KIND.reportProviders:
      return { kind: 'reportProviders', reports: reader.list('reports', readReport) };
    case COMMAND_KIND.putPolicy:
      return { ...readPutPolicy(reader), client: readClient(reader) };
    case COMMAND_KIND.rollBackPolicy:
      return { ...readRollBackPolicy(reader), client: readClient(reader) };
    case COMMAND_KIND.deletePolicy:
      return { ...readDeletePolicy(reader), client: readClient(reader) };
    default:
      throw unknownKind('command', `expected the kind of a command, got ${kind}`);
  }
}

function clientFields(client: ClientRequest | null): FieldValue {
  return client === null ? null : [client.session, client.sequence, client.acknowledgedBelow];
}

function readClient(reader: ValueReader): ClientRequest | null {
  return reader.nullable((field) =>
    field.nested('client', (values) => ({
      session: values.string('session'),
      sequence: values.integer('sequence'),
      acknowledgedBelow: values.integer('acknowledgedBelow'),
    })),
  );
}

function readLapsed(list: ValueReader): { readonly id: string; readonly token: LogIndex } {
  return list.nested('claim', (pair) => ({ id: pair.string('id'), token: pair.index('token') }));
}

function readAttribute(pair: ValueReader): readonly [string, Uint8Array] {
  return [pair.string('name'), VALUES.copyOf(pair.bytes('value'))];
}

function readRow(what: string, row: unknown): readonly SnapshotValue[] {
  if (!Array.isArray(row)) throw damaged(what, `expected a row, got ${typeof row}`);
  return row.map((value) => readValue(what, value, ROW_DEPTH_MAX));
}

function readValue(what: string, value: unknown, depth: number): SnapshotValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (value instanceof Uint8Array) return VALUES.copyOf(value);
  if (Array.isArray(value) && depth > 0) {
    return value.map((element) => readValue(what, element, depth - 1));
  }
  throw damaged(what, `expected plain values in a row, got ${typeof value}`);
}
