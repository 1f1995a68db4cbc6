// Where the operations of a pipeline go: one stream at a time, to the member that is to be asked. An operation goes when its place in the
// lane lets it; and a stream to another member begins when everything on the last one has ended, so that nothing overtakes.
// A client's pipeline uses it, and a member that passes one on.

import { QuorateError } from '../errors.js';
import { unlessAborted } from './abort.js';
import { ON_STREAM } from './lane.js';
import type { Place } from './lane.js';
import type { PipelineCall, PipelineItem } from './pipeline-call.js';
import type { PipelineAnswer } from './pipeline-kinds.js';
import { isOfState } from './retry.js';

/** Opens a stream to a member within so many milliseconds. */
export type OpenPipeline<Target> = (target: Target, timeoutMs: number) => Promise<PipelineCall>;

interface Stream {
  readonly address: string;
  readonly opening: Promise<PipelineCall>;
  call: PipelineCall | null;
}

export class PipelineStream<Target extends { readonly address: string }> {
  readonly #open: OpenPipeline<Target>;
  #stream: Stream | null = null;
  /** Why it takes nothing any more. */
  #end: QuorateError | null = null;

  constructor(open: OpenPipeline<Target>) {
    this.#open = open;
  }

  /**
   * Sends an operation to the member that `aim` answers when its turn comes, since others may have found out meanwhile who is to be
   * asked; `item` makes it when it goes. Fails as the stream and as the operation fails, and as
   * DEADLINE_EXCEEDED if it could not go in time.
   */
  async send(
    aim: () => Target,
    place: Place,
    timeoutMs: number,
    item: () => Omit<PipelineItem, 'onFailure'>,
    signal?: AbortSignal,
  ): Promise<PipelineAnswer> {
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      const turn = place.turn();
      // Nearly all go at once, and need no timer for that.
      await unlessAborted(place.mayGo() ? turn : inTime(turn, untilMs), signal);
      if (this.#end !== null) throw this.#end;
      const target = aim();
      const ready = this.#readyTo(target);
      const call =
        ready ?? (await unlessAborted(inTime(this.#callTo(target, timeoutMs), untilMs), signal));
      if (!place.mayGo() || !call.isOpen) continue;
      if (!place.mayGoTo(ON_STREAM)) {
        await unlessAborted(inTime(place.changed(), untilMs), signal);
        continue;
      }
      const made = item();
      place.go(ON_STREAM);
      const onFailure: PipelineItem['onFailure'] = (error, isAnswer) => {
        if (isAnswer && isOfState(error)) place.pass(error.outcome === 'indeterminate');
        place.hold(error);
      };
      const answer = await unlessAborted(call.send({ ...made, onFailure }), signal);
      place.pass();
      return answer;
    }
  }

  /** Closes the stream once everything on it has ended. */
  async finish(): Promise<void> {
    const call = await this.#stream?.opening.catch(() => null);
    await call?.finish();
  }

  /** Ends the stream at once, and every later one. */
  abandon(why: unknown): void {
    this.#end ??= new QuorateError('CANCELLED', 'the pipeline was ended', {}, { cause: why });
    this.#stream?.call?.abandon(why);
  }

  /** Ends the stream at once, if it goes to another member than this. */
  abandonUnlessTo(address: string | null, why: unknown): void {
    if (this.#stream !== null && this.#stream.address !== address) this.#stream.call?.abandon(why);
  }

  /** The stream to the member, if it is open already. */
  #readyTo({ address }: Target): PipelineCall | null {
    const call = this.#stream?.address === address ? this.#stream.call : null;
    return call?.isOpen === true ? call : null;
  }

  #callTo(target: Target, timeoutMs: number): Promise<PipelineCall> {
    const { address } = target;
    const before = this.#stream;
    const isUsable = before !== null && before.address === address && before.call?.isOpen !== false;
    if (isUsable) return before.opening;
    const opening = this.#opened(target, timeoutMs, before);
    const stream: Stream = { address, opening, call: null };
    this.#stream = stream;
    opening.then(
      (call) => {
        stream.call = call;
      },
      () => {
        if (this.#stream === stream) this.#stream = null;
      },
    );
    return opening;
  }

  async #opened(target: Target, timeoutMs: number, before: Stream | null): Promise<PipelineCall> {
    const last = await before?.opening.catch(() => null);
    await last?.finish();
    const call = await this.#open(target, timeoutMs);
    if (this.#end !== null) call.abandon(this.#end.cause);
    return call;
  }
}

/** What the promise resolves to, or DEADLINE_EXCEEDED at this time by `performance.now()`: nothing was sent. */
async function inTime<T>(promise: Promise<T>, untilMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => {
      const message = 'the operation could not be sent in time';
      reject(new QuorateError('DEADLINE_EXCEEDED', message, {}, { outcome: 'refused' }));
    };
    timer = setTimeout(fail, Math.max(0, untilMs - performance.now()));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
