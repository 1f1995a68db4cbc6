// A node that was admitted hears its leader first, since it knows no configuration yet. One that nobody reaches would wait
// for ever, so it asks whether it is still wanted, by way of the members it was told of when it was admitted. They give it
// up after a while, and so it learns of it. After a restart it knows no member to ask, and waits to be reached.

import { CLUSTER } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import { contextOfOwn, metadataFor } from './call-context.js';
import type { ServiceModules } from './modules.js';

const ASK_EVERY_MS = 1000;
const ATTEMPT_MS = 2000;

/** Begins to ask the members at these API addresses in turn, until a leader is heard or the node knows that it is out. */
export function watchNewcomer(modules: ServiceModules, apis: readonly string[]): void {
  const { node, isStopping, onFatal } = modules;
  let turn = 0;
  const isOver = (): boolean => {
    const { condition, term } = node.status();
    return condition !== 'member' || term > 0 || apis.length === 0 || isStopping();
  };
  const ask = async (): Promise<void> => {
    if (isOver()) return;
    const api = apis[turn % apis.length] ?? '';
    turn += 1;
    try {
      if (!(await isWanted(modules, api)) && !isOver()) node.removed();
    } catch (error) {
      // Whoever cannot say is asked again in its turn.
      if (!(error instanceof QuorateError)) onFatal(error);
    }
    later();
  };
  const later = (): void => {
    if (!isOver()) setTimeout(() => void ask(), ASK_EVERY_MS).unref();
  };
  later();
}

/** Whether this node is among the members, by what a quorum confirmed after it was admitted. */
async function isWanted(
  { node, links, clock, self }: ServiceModules,
  api: string,
): Promise<boolean> {
  const { nodeId, installId } = node.status();
  const context = contextOfOwn(CLUSTER.Members.path, self.name, clock.nowMs() + ATTEMPT_MS);
  const metadata = metadataFor(context, nodeId, false);
  const options = { metadata, timeoutMs: ATTEMPT_MS, isWrite: false };
  const { members } = await links.ask(api, CLUSTER.Members, {}, options);
  return members.some((member) => member.id === nodeId && member.installId === installId);
}
