// What a node is told of one health check, as the configuration file's `healthChecks` say it, checked and with its defaults. The
// file's reader makes these values, the judge weighs the results and the adapters carry the checks out; none knows another.

/** How a check is carried out. */
export type Probe =
  /** Program and arguments, never read by a shell; it ends with 0 if all is well. */
  | { readonly type: 'command'; readonly command: readonly string[] }
  /** Well if a connection is accepted. */
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  /** Well if the answer to a GET has a status of 200 to 299. `tls` null: as the URL says, by the CAs of the system. */
  | { readonly type: 'http'; readonly url: string; readonly tls: CheckTls | null }
  /** `grpc.health.v1`; well if it answers SERVING. An empty service means the whole server. `tls` null: without TLS. */
  | {
      readonly type: 'grpc';
      readonly host: string;
      readonly port: number;
      readonly service: string;
      readonly tls: CheckTls | null;
    };

/** Whom a check believes, and as whom it asks. The files are PEM, and read anew for each check, so that renewed ones count. */
export interface CheckTls {
  /** File of the CAs that are trusted; null: the system's. */
  readonly ca: string | null;
  /** For servers that ask for a certificate; null: none is shown. */
  readonly client: { readonly cert: string; readonly key: string } | null;
  /** Name that the server's certificate must have; null: the host that is asked. */
  readonly serverName: string | null;
}

export interface CheckDefinition {
  /** `[A-Za-z0-9._-]{1,63}`, unique on the node. */
  readonly name: string;
  readonly probe: Probe;
  /** From the end of one check to the start of the next. Default 5 s. */
  readonly intervalMs: number;
  /** What takes longer has failed. Default 2 s. */
  readonly timeoutMs: number;
  /** So many successes in a row make what failed well again, so many failures in a row the reverse. Defaults 2 and 3. */
  readonly rise: number;
  readonly fall: number;
  /** Name of the process of this node that it is about: checked only while that runs; null: about the node itself. */
  readonly process: string | null;
}
