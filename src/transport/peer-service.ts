// The peer service as grpc-js wants it: loaded from proto/, which the build copies beside the compiled code, with the
// limits and channel options that both ends need. The generated types describe what these loader options make.
// grpc-js ignores options that it does not know and its defaults are made for other users, so each one is explained.

import { fileURLToPath } from 'node:url';

import { loadPackageDefinition, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { ChannelOptions } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

import { MESSAGE_BYTES_MAX } from '../codec/message-codec.js';
import type { ProtoGrpcType } from '../generated/peer.js';
import { TRACED_ENTRIES_MAX } from '../tracing/port.js';
import type { LinkTimers } from './link-timers.js';

/** Of an entry that belongs to a trace: two numbers, a context and their framing. */
const TRACED_BYTES_MAX = 96;
/** Largest request between peers: one message with its framing, a field number and a length, and its traced entries. */
const REQUEST_BYTES_MAX = MESSAGE_BYTES_MAX + 16 + TRACED_ENTRIES_MAX * TRACED_BYTES_MAX;
/** What a callee answers is a few words. */
const ANSWER_BYTES_MAX = 64 * 1024;
/**
 * Bytes that grpc-js holds below `write` before its callback means "left this process". With the default of 1 MiB a
 * stream seems to flow for that long after its reader has stopped.
 */
const WRITE_BUFFER_BYTES_MAX = 64 * 1024;
/** A caller has one stream a connection; a few more while it makes a new one. */
const STREAMS_MAX = 8;
const SERVER_KEEPALIVE_MS = 10_000;
const SERVER_KEEPALIVE_TIMEOUT_MS = 5_000;
const SERVER_IDLE_MS = 30_000;

// What goes wrong reaches us as an error or a status; grpc-js would also print it, past the logger.
setLogVerbosity(logVerbosity.NONE);

const protoRoot = fileURLToPath(new URL('../../proto/', import.meta.url));

const loaded = loadPackageDefinition(
  loadSync('quorate/raft/v1/peer.proto', {
    includeDirs: [protoRoot],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  }),
) as unknown as ProtoGrpcType;

/** Client constructor with its `service` definition. */
export const PeerService = loaded.quorate.raft.v1.PeerService;

/** Options of a link's client. */
export function clientOptions(timers: LinkTimers): ChannelOptions {
  return {
    // The global pool shares connections and their backoff between clients with equal options.
    'grpc.use_local_subchannel_pool': 1,
    // Peers are reached directly, whatever the environment says about proxies.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    // A repeated stream would repeat messages; the link makes a new one instead.
    'grpc.enable_retries': 0,
    'grpc.per_rpc_retry_buffer_size': WRITE_BUFFER_BYTES_MAX,
    'grpc.max_send_message_length': REQUEST_BYTES_MAX,
    'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
    'grpc.keepalive_time_ms': timers.keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': timers.keepaliveTimeoutMs,
    // Also without a call: it is what destroys the connection of a link closed while its peer was silent.
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.enable_channelz': 0,
  };
}

/** Options of the server. Channelz stays on: without it `forceShutdown` forgets its connections. */
export function serverOptions(): ChannelOptions {
  return {
    'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
    'grpc.max_send_message_length': ANSWER_BYTES_MAX,
    'grpc.max_concurrent_streams': STREAMS_MAX,
    // Frees what silent callers hold. Callers detect their own silent peers much faster.
    'grpc.keepalive_time_ms': SERVER_KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': SERVER_KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_idle_ms': SERVER_IDLE_MS,
  };
}
