// Meeting: one question and one answer between nodes that need not belong to any cluster, on the peer port and with the peers'
// TLS. The server's side checks sizes and hands bytes on; the client's side is one connection a meeting, probed first and
// closed after, because meetings are few and end with forming. What is said is discovery's subject.

import { status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServiceError } from '@grpc/grpc-js';

import { formatAddress } from '../address.js';
import type { Address } from '../address.js';
import { CodecError } from '../codec/codec-error.js';
import { FORMING_BYTES_MAX } from '../codec/forming-codec.js';
import type { MeetRequest__Output } from '../generated/quorate/raft/v1/MeetRequest.js';
import type {
  MeetResponse,
  MeetResponse__Output,
} from '../generated/quorate/raft/v1/MeetResponse.js';
import { dialGrpc } from '../tls/grpc.js';
import type { TlsIdentity } from '../tls/identity.js';
import { probe } from '../tls/probe.js';
import { linkTimersFor } from './link-timers.js';
import { clientOptions, PeerService } from './peer-service.js';

/** What the callee says. */
export type Met =
  | {
      readonly type: 'met';
      readonly announcement: Uint8Array;
      /** Peer addresses, HOST:PORT. */
      readonly addresses: readonly string[];
    }
  /** It is of a cluster of another name; `detail` for people. */
  | { readonly type: 'refused'; readonly detail: string }
  /** The caller was removed from the cluster that it announces. */
  | { readonly type: 'removed'; readonly detail: string; readonly announcement: Uint8Array }
  | { readonly type: 'failed'; readonly detail: string };

/** Decides what a caller is told; throws `CodecError` on bytes that no node would send. */
export type OnMeeting = (message: Uint8Array) => Exclude<Met, { type: 'failed' }>;

const MEETING_LIMITS = {
  /** For name, connection and TLS; long enough for a machine that is busy, since nothing waits for it. */
  probeMs: 3000,
  answerMs: 5000,
  addressesMax: 64,
} as const;

/** Timers of a connection that lives for one call. */
const TIMERS = linkTimersFor(1000);

type MeetCall = ServerUnaryCall<MeetRequest__Output, MeetResponse>;

/** The handler of Meet; null: this node meets nobody. */
export function meetHandler(
  onMeeting: () => OnMeeting | null,
): (call: MeetCall, callback: sendUnaryData<MeetResponse>) => void {
  return (call, callback) => {
    const { message } = call.request;
    const answer = onMeeting();
    if (answer === null) {
      callback({ code: status.UNAVAILABLE, details: 'this node meets nobody at this moment' });
      return;
    }
    try {
      if (message.length > FORMING_BYTES_MAX) throw new CodecError('damaged', 'it is too long');
      callback(null, responseOf(answer(message)));
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      callback({ code: status.INVALID_ARGUMENT, details: error.message });
    }
  };
}

/** Calls one node and hangs up; never rejects. */
export async function meet(
  address: Address,
  message: Uint8Array,
  tls: TlsIdentity | null,
): Promise<Met> {
  const material = tls?.current ?? null;
  const probed = await new Promise<Parameters<Parameters<typeof probe>[1]>[0]>((resolve) => {
    probe({ address, limitMs: MEETING_LIMITS.probeMs, tls: material }, resolve);
  });
  if (probed.type === 'fails') return { type: 'failed', detail: probed.detail };
  if (probed.type === 'distrusts') return { type: 'failed', detail: probed.trouble.detail };
  const dial = dialGrpc(material, address.host);
  const options = { ...clientOptions(TIMERS), ...dial.options };
  const client = new PeerService(formatAddress(probed.address), dial.credentials, options);
  try {
    return await new Promise<Met>((resolve) => {
      const deadline = Date.now() + MEETING_LIMITS.answerMs;
      const done = (error: ServiceError | null, answer?: MeetResponse__Output): void => {
        resolve(metOf(error, answer));
      };
      client.meet({ message: Buffer.from(message) }, { deadline }, done);
    });
  } finally {
    client.close();
  }
}

function responseOf(met: ReturnType<OnMeeting>): MeetResponse {
  if (met.type === 'refused') {
    return { accepted: false, reason: 'WRONG_CLUSTER', detail: met.detail };
  }
  if (met.type === 'removed') {
    const { detail, announcement } = met;
    return { accepted: false, reason: 'REMOVED', detail, announcement: Buffer.from(announcement) };
  }
  const { announcement, addresses } = met;
  return {
    accepted: true,
    announcement: Buffer.from(announcement),
    addresses: addresses.slice(0, MEETING_LIMITS.addressesMax),
  };
}

function metOf(error: ServiceError | null, answer: MeetResponse__Output | undefined): Met {
  if (error !== null) return { type: 'failed', detail: error.details };
  if (answer === undefined) return { type: 'failed', detail: 'no answer' };
  const { announcement, addresses, detail } = answer;
  if (answer.reason === 'REMOVED') return { type: 'removed', detail, announcement };
  if (!answer.accepted) return { type: 'refused', detail };
  return { type: 'met', announcement, addresses: addresses.slice(0, MEETING_LIMITS.addressesMax) };
}
