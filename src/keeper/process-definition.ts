// What a node is told of one process that it supervises, as the configuration file's `processes` say it, checked and with its defaults.
// The file's reader makes these values and the supervisor carries them out; neither knows the other.

/** One supervised process. */
export interface ProcessDefinition {
  /** `[A-Za-z0-9._-]{1,63}`, unique on the node. */
  readonly name: string;
  /** Processes of a group start and stop together, in the order written; null: in none. */
  readonly group: string | null;
  /** False: known, and started only by command. Default true. */
  readonly start: boolean;
  /** Program and arguments, never read by a shell; at least one. */
  readonly command: readonly string[];
  /** Runs on the primary alone. Default false. */
  readonly primaryOnly: boolean;
  /** Beside PATH, HOME, language, time zone and the like, all that it gets of the daemon's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Null: the daemon's. */
  readonly workingDirectory: string | null;
  /** Name or number of the user to run as; null: the daemon's. */
  readonly user: string | null;
  /** From `SIGTERM` to `SIGKILL` at a hand-over or shutdown. Default 10 s. */
  readonly stopGraceMs: number;
  /** More than `limit` restarts within `withinMs` are given up; a primary then hands over. Default 3 within 60 s. */
  readonly restart: { readonly limit: number; readonly withinMs: number };
  /** Of the whole tree in bytes, ended when it holds more; null: unlimited. */
  readonly memoryBytes: number | null;
  /** Null: its lines go to the daemon's log with the process's name. */
  readonly output: {
    readonly file: string;
    readonly maxBytes: number;
    readonly keep: number;
  } | null;
}
