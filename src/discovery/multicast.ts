// Beacons by multicast: who is where, in datagrams of one group on one interface. A beacon is a hint and nothing more, for
// anybody may send it: whoever it names is then met over the peer port, with the peers' TLS. What is no beacon is counted and
// dropped, and a socket that fails is opened again.

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import { CodecError } from '../codec/codec-error.js';
import { BEACON_BYTES_MAX, decodeBeacon, encodeBeacon } from '../codec/forming-codec.js';
import type { Beacon } from '../codec/forming-codec.js';
import type { LoggerPort } from '../node/ports.js';

const REOPEN_MS = 2000;
/** Routers that a datagram may pass: it stays in the site. */
const HOPS = 4;

export interface MulticastOptions {
  readonly group: string;
  readonly port: number;
  /** Address of the interface that it is sent and heard on; a name or a wildcard leaves it to the system. */
  readonly host: string;
}

export class Multicast {
  readonly #options: MulticastOptions;
  readonly #onBeacon: (beacon: Beacon) => void;
  readonly #log: LoggerPort;
  #socket: Socket | null = null;
  #isOpen = false;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #hasComplained = false;

  /** Opens the socket; `onBeacon` hears every sound beacon, its own too. */
  constructor(options: MulticastOptions, onBeacon: (beacon: Beacon) => void, log: LoggerPort) {
    this.#options = options;
    this.#onBeacon = onBeacon;
    this.#log = log;
    this.#open();
  }

  /** Sends once; what cannot be sent is said once and tried no more often than it is asked for. */
  send(beacon: Beacon): void {
    if (this.#socket === null || !this.#isOpen) return;
    const { group, port } = this.#options;
    this.#socket.send(encodeBeacon(beacon), port, group, (error) => {
      if (error !== null) this.#complain(error);
    });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#drop();
  }

  #open(): void {
    const { group, port } = this.#options;
    const socket = createSocket({ type: isIPv4(group) ? 'udp4' : 'udp6', reuseAddr: true });
    this.#socket = socket;
    socket.on('error', (error) => this.#onError(socket, error));
    socket.on('message', (bytes) => this.#onMessage(bytes));
    socket.bind({ port, exclusive: false }, () => this.#onBound(socket));
  }

  #onBound(socket: Socket): void {
    if (socket !== this.#socket) return;
    const { group, host } = this.#options;
    const isWildcard = /^[0:.]+$/.test(host) && host !== '::1';
    const isUsable = !isWildcard && (isIPv4(group) ? isIPv4(host) : isIPv6(host));
    try {
      if (isUsable) {
        socket.addMembership(group, host);
        socket.setMulticastInterface(host);
      } else {
        socket.addMembership(group);
      }
      socket.setMulticastTTL(HOPS);
      socket.setMulticastLoopback(true);
      this.#isOpen = true;
    } catch (error) {
      this.#onError(socket, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onMessage(bytes: Uint8Array): void {
    if (bytes.length > BEACON_BYTES_MAX) return;
    let beacon: Beacon;
    try {
      beacon = decodeBeacon(bytes);
    } catch (error) {
      if (error instanceof CodecError) return;
      throw error;
    }
    this.#onBeacon(beacon);
  }

  #onError(socket: Socket, error: Error): void {
    if (socket !== this.#socket || this.#isClosed) return;
    this.#complain(error);
    this.#drop();
    this.#timer = setTimeout(() => this.#open(), REOPEN_MS);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#isOpen = false;
    socket?.removeAllListeners();
    socket?.on('error', () => {});
    socket?.close();
  }

  #complain(error: Error): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    const { group, port } = this.#options;
    const fields = { group, port, detail: error.message };
    this.#log.warn(fields, 'discovery by multicast does not work; it is tried again');
  }
}
