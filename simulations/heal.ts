// The end of the faults: for everybody, or for the nodes of a core and the links between them only, while all others stay
// broken for good. What is broken in the outside goes on by itself: links that flap, and requests for votes of ever higher
// terms from nodes that hear nothing.

import type { Message } from '../src/raft/message.js';
import { ENTRY_ID_ZERO } from '../src/raft/types.js';
import type { NodeId, Term } from '../src/raft/types.js';
import type { FaultAction, Link } from './fault-action.js';
import type { Machine } from './machine.js';
import type { World } from './world.js';

type Heal = Extract<FaultAction, { readonly type: 'heal' }>;

/** Links flap, and terms grow, once in so many election timeouts. */
const FLAP_TIMEOUTS = 1.5;
const SPAM_TIMEOUTS = 2.5;

export function heal(world: World, { core, outside }: Heal): void {
  const { network, machines } = world;
  world.core = core === null ? null : new Set(core);
  network.isCalm = true;
  network.mendAll();
  for (const machine of machines.values()) {
    if (world.isInCore(machine) || outside !== 'down') restore(machine);
    else machine.crash(true, 0);
  }
  if (core === null || outside === 'down') return;
  const outsiders = [...machines.keys()].filter((id) => !core.includes(id));
  const inward = outsiders.flatMap((from) => core.map((to): Link => [from, to]));
  const outward = inward.map(([from, to]): Link => [to, from]);
  for (const [from, to] of outward) network.cut(from, to);
  if (outside === 'cut') for (const [from, to] of inward) network.cut(from, to);
  if (outside === 'flapping') flap(world, [...inward, ...outward], new Set(outward));
  if (outside === 'spamming') for (const id of outsiders) spam(world, id, core);
}

/** The machine works again, if it is not lost for good. */
function restore(machine: Machine): void {
  machine.disk.thaw();
  if (machine.isPaused) machine.resume(0);
  if (machine.isUp) machine.slow(0);
  // Somebody exchanges the cable, or makes room, and starts the daemon again.
  if (machine.isUp && machine.disk.isFailing) machine.crash(false, 0);
  if (!machine.isUp) machine.boot();
}

/** Cuts and mends the links in turns, for good. */
function flap(world: World, links: readonly Link[], cut: Set<Link>): void {
  const { network } = world;
  world.planFault(world.parameters.electionTimeoutMs * 1000 * FLAP_TIMEOUTS, () => {
    const isCut = cut.size > 0;
    for (const link of links) {
      if (!isCut) network.cut(...link);
      else if (cut.has(link)) network.mend(...link);
    }
    world.note(isCut ? 'mend' : 'cut', links.length, () => 'the links to the outside flap');
    flap(world, links, isCut ? new Set() : new Set(links));
  });
}

/**
 * Asks for votes in ever higher terms, with an empty log, as a server that was removed or knows nothing of its members: each has to
 * take its term, nobody may vote for it. One with a log as good as theirs would be given votes, and set back their
 * timers by right (Raft §5.2); but since it hears nobody, it would get no pre-vote, and never ask so.
 */
function spam(world: World, from: NodeId, core: readonly NodeId[]): void {
  world.planFault(world.parameters.electionTimeoutMs * 1000 * SPAM_TIMEOUTS, () => {
    const machine = world.machines.get(from);
    if (machine === undefined) return;
    const terms = [...world.machines.values()].map(({ disk }) => disk.hardState.term);
    const request: Message = {
      type: 'requestVote',
      term: (Math.max(...terms) + 3) as Term,
      last: ENTRY_ID_ZERO,
      preVote: false,
      transfer: false,
      priority: 50,
    } as Message;
    world.note('spam', from, () => `node ${from} asks for votes in term ${request.term}`);
    for (const to of core)
      world.network.send({ id: from, installId: machine.installId }, to, request);
    spam(world, from, core);
  });
}
