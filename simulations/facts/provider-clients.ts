// Providers of services and their callers: a provider belongs to a session that it keeps alive, or to a member, tells its load and health, goes
// away in order or falls silent. Callers ask any node whom to turn to, and the shipped rules pick one for them.

import { pick, preferred, RULES } from '../../src/client/service-pick.js';
import type { PickRule } from '../../src/client/service-pick.js';
import type { LogIndex, NodeId } from '../../src/raft/types.js';
import { withheldBy } from '../../src/service/services-message.js';
import { PROVIDER_HEALTHS } from '../../src/state-machine/service-types.js';
import type { Provider } from '../../src/state-machine/service-types.js';
import { digestOf } from '../digest.js';
import type { World } from '../world.js';
import { FactClient, KeptSession } from './fact-client.js';

/** Every service of a run. */
export const SERVICES = ['web', 'db'] as const;

const TTL_MS = 2500;
const LIFE_US = 4_000_000;
/** Chances per million: it belongs to a member; it falls silent instead of going away. */
const MEMBER_PPM = 400_000;
const SILENT_PPM = 500_000;
const PICK_RULES = Object.keys(RULES) as PickRule[];

/** A provider from its registration to its end. */
interface Offer {
  readonly service: (typeof SERVICES)[number];
  /** Null: it belongs to a member. */
  readonly session: KeptSession | null;
  readonly nodeId: NodeId;
  registration: LogIndex | null;
  isOver: boolean;
}

/** Digest of all providers of a service as read; null: there are none. */
export function digestOfProviders(providers: readonly Provider[]): number | null {
  return providers.length === 0 ? null : digestOf(providers);
}

export class ProviderClient {
  readonly #client: FactClient;
  #offer: Offer | null = null;
  #offers = 0;

  constructor(world: World, name: string) {
    this.#client = new FactClient(world, name);
  }

  begin(): void {
    this.#client.begin(() => this.#ask());
  }

  stop(): void {
    this.#client.stop();
    this.#offer?.session?.close();
  }

  #ask(): void {
    const { draw } = this.#client;
    const offer = this.#offer;
    if (offer === null) return this.#open();
    const kind = draw.between(1, 100);
    if (kind <= 50) return this.#resolve(kind <= 15);
    if (kind <= 60) return this.#register(offer);
    return this.#report(offer);
  }

  #open(): void {
    const { draw, world, name } = this.#client;
    this.#offers += 1;
    const isOfMember = draw.chance(MEMBER_PPM);
    const id = `${name}/${this.#offers}`;
    const session = isOfMember
      ? null
      : new KeptSession(this.#client, id, TTL_MS, {
          onLife: () => undefined,
          onLost: () => this.#end(offer, true),
        });
    const offer: Offer = {
      service: draw.pick(SERVICES),
      session,
      nodeId: draw.pick([...world.machines.keys()]),
      registration: null,
      isOver: false,
    };
    this.#offer = offer;
    const isSilent = draw.chance(SILENT_PPM);
    this.#client.later(LIFE_US, () => this.#end(offer, isSilent));
    if (session === null) return this.#register(offer);
    return session.open((isOpen) => {
      if (isOpen && !offer.isOver) this.#register(offer);
      else this.#end(offer, true);
    });
  }

  #register(offer: Offer): void {
    const { asker, draw, name } = this.#client;
    const { service, session, nodeId } = offer;
    if (session !== null && !session.isKept) return;
    asker.writeOnce(
      {
        kind: 'registerProvider',
        requestId: asker.nextId(),
        client: null,
        service,
        id: name,
        address: `${name}:${draw.between(1, 3)}`,
        load: draw.between(0, 100),
        health: 'healthy',
        tags: new Map(),
        session: session?.id ?? null,
        nodeId,
      },
      (outcome) => {
        if (outcome.type !== 'applied' || offer.isOver) return;
        if (outcome.result.type === 'provider') offer.registration = outcome.result.registration;
        if (outcome.result.type === 'refused') this.#end(offer, true);
      },
    );
  }

  /** As the leader's service has many reports stored by one entry. */
  #report({ service, registration }: Offer): void {
    const { asker, draw, name } = this.#client;
    const asked = asker.machine(false);
    if (asked === null || registration === null) return;
    const health = draw.chance(300_000) ? draw.pick(PROVIDER_HEALTHS) : null;
    const report = { service, id: name, registration, load: draw.between(0, 100), health };
    const patienceUs = asker.patienceUs();
    asker.propose(asked, { kind: 'reportProviders', reports: [report] }, patienceUs, (outcome) => {
      if (outcome.type === 'refused') asker.believe(outcome.refusal);
    });
  }

  /** As the service answers Services.Resolve. */
  #resolve(isStale: boolean): void {
    const { asker, draw, world } = this.#client;
    const asked = asker.machine(isStale);
    const service = draw.pick(SERVICES);
    const rule = draw.pick(PICK_RULES);
    if (asked === null || asked.machine.isWitness) return;
    asker.read(
      asked,
      {
        of: 'service',
        sessionId: service,
        isStale,
        look: ({ services }, { node }) => {
          const all = services.of(service);
          const why = withheldBy(node);
          const well = all.filter((provider) => why(provider) === null);
          const left = preferred(well, ({ nodeId }: Provider) => String(nodeId), NO_WISH);
          const picked = pick(left, rule, '', () => draw.bits() / 4294967296);
          return { session: null, entry: null, digest: digestOfProviders(all), picked };
        },
      },
      ({ picked }) => {
        if (picked !== null && picked !== undefined) world.count('resolved');
      },
    );
  }

  /** Goes away in order, or by what it belongs to. */
  #end(offer: Offer, isSilent: boolean): void {
    if (offer.isOver) return;
    offer.isOver = true;
    offer.session?.close();
    this.#offer = null;
    if (isSilent) return;
    const { asker, name } = this.#client;
    const { service, registration } = offer;
    const about = { requestId: asker.nextId(), client: null, service, id: name } as const;
    asker.writeOnce({ kind: 'deregisterProvider', ...about, registration });
  }
}

const NO_WISH = { preferNode: '', avoid: new Set<string>() };
