// What the parts of a daemon tell of their work while they do it, as plain ports: each part knows only the few functions it
// calls. Times are in milliseconds of a monotonic clock; the figures are shown in seconds.

/** The calls of one method of the API. */
export interface MethodMeter {
  /** A call came; answers what `ended` is to be given. */
  began(): number;
  /** It was answered with a status of gRPC, 0 for done. */
  ended(began: number, status: number): void;
}

export type CallKind = 'unary' | 'server_stream' | 'bidi_stream';

/** `method` is its path, such as `/quorate.v1.Cluster/Status`; asked once for each method. */
export type MeterOf = (method: string, kind: CallKind) => MethodMeter;

const UNMETERED: MethodMeter = { began: () => 0, ended: () => {} };

/** Where nobody counts. */
export const meterNothing: MeterOf = () => UNMETERED;
