// Every bound of the HTTP port. Whoever reaches the port may try to hold it up, so that nothing here waits, grows or
// stays for ever; balancers ask little and often, and notice none of it.

export interface HttpLimits {
  /** Request line and headers together; 431 beyond. */
  readonly headerBytesMax: number;
  /** From the first moment of a connection, or of a further request on it, to the end of its headers; 408 beyond. */
  readonly headersMs: number;
  /** The same for the whole request. */
  readonly requestMs: number;
  /** For a TLS handshake. */
  readonly handshakeMs: number;
  /** Between two requests on one connection. */
  readonly keepAliveMs: number;
  /** A connection on which nothing moves, whatever it waits for, such as for its client to read. */
  readonly idleMs: number;
  /** How often the first two are looked at, so that they may be late by as much. */
  readonly checkMs: number;
  /** When one more comes, the oldest makes room. */
  readonly connectionsMax: number;
  /** The client is told to close after so many; more are refused, and the connection ends like one that is not used. */
  readonly requestsPerConnectionMax: number;
  /** Requests that wait for their turn on one connection; it is cut beyond. */
  readonly pipelinedMax: number;
  /** Looks at the whole cluster in progress, each of which asks every node; 503 beyond. */
  readonly clusterViewsMax: number;
  /** For one of them. */
  readonly clusterViewMs: number;
  /** For a caller whose request was no HTTP to take the reason. */
  readonly farewellMs: number;
  /** For requests in progress when the server stops. */
  readonly drainMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headerBytesMax: 8 * 1024,
  headersMs: 5_000,
  requestMs: 10_000,
  handshakeMs: 5_000,
  keepAliveMs: 15_000,
  idleMs: 30_000,
  checkMs: 1_000,
  connectionsMax: 256,
  requestsPerConnectionMax: 1_000,
  pipelinedMax: 16,
  clusterViewsMax: 16,
  clusterViewMs: 5_000,
  farewellMs: 1_000,
  drainMs: 1_000,
};
