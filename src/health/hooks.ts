// What a node runs around a reign of its own, as the configuration file's `hooks` say it, checked and with its defaults. Whoever
// runs them is told of it by these values alone.

export interface HookDefinition {
  /** Program and arguments, never read by a shell; at least one. */
  readonly command: readonly string[];
  /** What takes longer is killed and has failed. Default 10 s. */
  readonly timeLimitMs: number;
}

/** Null: there is no such hook. */
export interface Hooks {
  /** Before this node makes itself primary; has no right of a primary. A failure refuses the promotion. */
  readonly beforePromotion: HookDefinition | null;
  /** Once it is primary. A failure is logged. */
  readonly afterPromotion: HookDefinition | null;
  /** Before a planned hand-over stops the processes. A failure is logged, and the hand-over goes on. */
  readonly beforeDemotion: HookDefinition | null;
}

export const NO_HOOKS: Hooks = {
  beforePromotion: null,
  afterPromotion: null,
  beforeDemotion: null,
};
