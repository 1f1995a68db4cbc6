// Cluster.Notes: what a node noted of itself, and the reigns that it knows of. Of another member the node asked fetches them, for
// whoever does not reach that one. Nothing is linearizable here: each node tells what it knows by itself, and says when.

import { CLUSTER } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import type { NotesRequest__Output } from '../generated/quorate/v1/NotesRequest.js';
import type { Note as NoteMessage } from '../generated/quorate/v1/Note.js';
import type { NotesResponse } from '../generated/quorate/v1/NotesResponse.js';
import type { PastReign } from '../generated/quorate/v1/PastReign.js';
import type { ReignRecord } from '../state-machine/primary.js';
import { metadataFor } from './call-context.js';
import type { CallContext } from './call-context.js';
import { nameOfMember, nameOfOwn } from './modules.js';
import type { NotePort, ServiceModules } from './modules.js';
import { memberByName } from './status-map.js';
import { checkNodeName } from './validate.js';

/** Longest wait for another member, whatever time is left. */
const MEMBER_WAIT_MS = 2000;

/** Answers Cluster.Notes. */
export async function notes(
  modules: ServiceModules,
  { node: wanted }: NotesRequest__Output,
  context: CallContext,
): Promise<NotesResponse> {
  const { node, clock, links } = modules;
  if (wanted !== '') checkNodeName('node', wanted);
  const status = node.outline();
  if (wanted === '' || wanted === nameOfOwn(modules, status)) return ownNotes(modules);
  const member = memberByName(node.status(), wanted);
  if (member === null) {
    const message = `cluster ${status.cluster?.clusterName ?? ''} has no member ${wanted}`;
    throw new QuorateError('UNKNOWN_NODE', message, { name: wanted });
  }
  const metadata = metadataFor(context, status.nodeId, false);
  const leftMs = context.deadlineMs - clock.nowMs();
  const timeoutMs = Math.max(1, Math.min(leftMs, MEMBER_WAIT_MS));
  return links.ask(member.api, CLUSTER.Notes, {}, { metadata, timeoutMs, isWrite: false });
}

function ownNotes(modules: ServiceModules): NotesResponse {
  const { node, clock, self, notebook = null } = modules;
  const { cluster } = node.outline();
  return {
    node: nameOfOwn(modules, node.outline()),
    clockMs: clock.nowMs(),
    wallMs: Date.now(),
    bootId: notebook?.bootId ?? '',
    clusterTimeMs: node.clusterTimeMs(),
    reigns: node.state.reigns.map((reign) => reignMessage(modules, reign)),
    notes: (notebook?.notes ?? []).map(noteMessage),
    electionTimeoutMs: cluster?.electionTimeoutMs ?? self.electionTimeoutMs,
  };
}

function noteMessage({ epoch, ms, peer, ...note }: NotePort['notes'][number]): NoteMessage {
  return {
    ...note,
    ...(epoch === null ? {} : { epoch }),
    ...(ms === null ? {} : { ms }),
    ...(peer === null ? {} : { peer }),
  };
}

function reignMessage({ node }: ServiceModules, reign: ReignRecord): PastReign {
  const { epoch, term, nodeId, sinceMs, cause, gapMs, end } = reign;
  const ended = end === null ? {} : { endedBy: end.how, endedMs: end.atMs };
  const gap = gapMs === null ? {} : { gapMs };
  return { epoch, term, node: nameOfMember(node, nodeId), sinceMs, cause, ...gap, ...ended };
}
