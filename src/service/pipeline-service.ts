// Store.Pipeline and Sessions.Pipeline: which operation of a stream is carried out by which handler, and all streams that run, so that a
// member that stops can end them. How one runs stands in pipeline-run.ts.

import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { SESSIONS_PIPELINE, STORE_PIPELINE } from '../client/pipeline-kinds.js';
import { SESSIONS, STORE } from '../client/protos.js';
import type { CallContext } from './call-context.js';
import type { ServiceModules } from './modules.js';
import { PipelineRun } from './pipeline-run.js';
import type { PipelinedCalls, PipelineStreamCall } from './pipeline-run.js';
import { deleteSession, getSession, putSession, touchSession } from './session-service.js';
import { deleteStore, getStore, putStore, transact } from './store-service.js';
import { streaming } from './streams.js';

/** The operations of Store.Pipeline. */
export const STORE_CALLS: PipelinedCalls = {
  kind: STORE_PIPELINE,
  calls: {
    put: { path: STORE.Put.path, isWrite: true, run: putStore },
    get: { path: STORE.Get.path, isWrite: false, run: getStore },
    delete: { path: STORE.Delete.path, isWrite: true, run: deleteStore },
    transact: { path: STORE.Transact.path, isWrite: true, run: transact },
  },
  serialize: (answer) => STORE.Pipeline.responseSerialize({ results: [answer] }),
};

/** The operations of Sessions.Pipeline. */
export const SESSION_CALLS: PipelinedCalls = {
  kind: SESSIONS_PIPELINE,
  calls: {
    put: { path: SESSIONS.Put.path, isWrite: true, run: putSession },
    get: { path: SESSIONS.Get.path, isWrite: false, run: getSession },
    touch: { path: SESSIONS.Touch.path, isWrite: true, run: touchSession },
    delete: { path: SESSIONS.Delete.path, isWrite: true, run: deleteSession },
  },
  serialize: (answer) => SESSIONS.Pipeline.responseSerialize({ results: [answer] }),
};

/** A method whose requests come with their size, and whose responses are serialised already. */
export function sized<Definition extends { requestDeserialize(bytes: Buffer): object }>(
  method: Definition,
): Definition {
  const requestDeserialize = (bytes: Buffer): object => {
    return { request: method.requestDeserialize(bytes), bytes: bytes.length };
  };
  return { ...method, requestDeserialize, responseSerialize: (bytes: Buffer) => bytes };
}

/** The pipelined streams that run at this member. */
export class Pipelines {
  readonly #modules: ServiceModules;
  readonly #runs = new Set<PipelineRun>();
  #isStopped = false;

  constructor(modules: ServiceModules) {
    this.#modules = modules;
  }

  /** The handler of a stream. Its method must be made by `sized`, whatever the types of its messages are. */
  handler<Request, Response>(calls: PipelinedCalls): handleBidiStreamingCall<Request, Response> {
    const { path } = calls.kind.method;
    const run = (stream: PipelineStreamCall, context: CallContext): Promise<void> =>
      this.#run(new PipelineRun(this.#modules, calls, stream, context));
    return streaming(this.#modules, path, run) as unknown as handleBidiStreamingCall<
      Request,
      Response
    >;
  }

  /** Lets no stream take anything more: each answers what it has begun and ends. */
  stop(): void {
    this.#isStopped = true;
    for (const run of this.#runs) run.stop();
  }

  async #run(run: PipelineRun): Promise<void> {
    this.#runs.add(run);
    if (this.#isStopped) run.stop();
    try {
      await run.run();
    } finally {
      this.#runs.delete(run);
    }
  }
}
