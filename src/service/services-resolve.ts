// Services.Resolve: which provider a caller is sent to, by the rule that it names, among those that are well at this moment. It throws
// the dice, and remembers for round-robin whom it picked last; neither is a fact of the cluster.

import type { PickRule__Output as RuleName } from '../generated/quorate/v1/PickRule.js';
import type { ResolveRequest__Output } from '../generated/quorate/v1/ResolveRequest.js';
import type { ResolveResponse } from '../generated/quorate/v1/ResolveResponse.js';
import { SERVICES } from '../client/protos.js';
import { pick, preferred, RULES } from '../client/service-pick.js';
import type { PickRule } from '../client/service-pick.js';
import { QuorateError } from '../errors.js';
import type { Provider } from '../state-machine/service-types.js';
import { SERVICE_LIMITS } from '../state-machine/service-types.js';
import type { CallContext } from './call-context.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { answerRead } from './reads.js';
import { providerMessage, withheldBy } from './services-message.js';
import { tagsOf } from './services-service.js';
import { checkNodeName, checkText, invalid, tooLarge } from './validate.js';

const RULE_OF: ReadonlyMap<RuleName, PickRule> = new Map(
  Object.entries(RULES).map(([rule, name]) => [name, rule as PickRule]),
);

const AVOID_MAX = 64;
/** Services of which the last pick is remembered; the one that was asked for first is forgotten first. */
const REMEMBERED_MAX = 1000;

export class Resolver {
  readonly #random: () => number;
  readonly #lastOf = new Map<string, string>();

  /** `random` answers numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Answers Services.Resolve. */
  async resolve(
    modules: ServiceModules,
    request: ResolveRequest__Output,
    context: CallContext,
  ): Promise<ResolveResponse> {
    const { service, preferNode, avoid, afterId } = request;
    checkNodeName('service', service);
    if (preferNode !== '') checkNodeName('prefer_node', preferNode);
    checkText('after_id', afterId, 0, SERVICE_LIMITS.idBytesMax);
    if (avoid.length > AVOID_MAX) throw tooLarge('avoid', avoid.length, AVOID_MAX, 'ids');
    for (const id of avoid) checkText('avoid', id, 1, SERVICE_LIMITS.idBytesMax);
    const tags = [...tagsOf(request.tags)];
    const rule = RULE_OF.get(request.rule);
    // One of a newer version arrives as its number.
    if (rule === undefined) throw invalid('rule', 'expected a rule that this member knows');
    const { node } = modules;
    return answerRead(modules, context, SERVICES.Resolve, request, (isStale) => {
      const why = withheldBy(node);
      const all = node.state.services.of(service);
      const fit = all.filter((of) => tags.every(([name, value]) => of.tags.get(name) === value));
      const well = fit.filter((provider) => why(provider) === null);
      const nodeOf = ({ nodeId }: Provider): string => node.state.memberName(nodeId) ?? '';
      const left = preferred(well, nodeOf, { preferNode, avoid: new Set(avoid) });
      const after = afterId === '' ? (this.#lastOf.get(service) ?? '') : afterId;
      const picked = pick(left, rule, after, this.#random);
      if (picked === null) throw noProvider(service, all, fit, why);
      if (rule === 'roundRobin') this.#remember(service, picked.id);
      const provider = providerMessage(node, picked);
      return { header: headerFor(modules, { isStale }), provider, candidates: left.length };
    });
  }

  #remember(service: string, id: string): void {
    this.#lastOf.delete(service);
    this.#lastOf.set(service, id);
    const [oldest] = this.#lastOf.keys();
    if (this.#lastOf.size > REMEMBERED_MAX && oldest !== undefined) this.#lastOf.delete(oldest);
  }
}

/** Says how many there are and why none of them is picked. */
function noProvider(
  service: string,
  all: readonly Provider[],
  fit: readonly Provider[],
  why: (of: Provider) => string | null,
): QuorateError {
  const reasons = new Map<string, number>();
  for (const provider of fit) {
    const reason = why(provider) ?? '';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const others = all.length - fit.length;
  if (others > 0) reasons.set('without these tags', others);
  const told = [...reasons].map(([reason, count]) => `${count}: ${reason}`).join(', ');
  const message =
    all.length === 0
      ? `nobody offers service ${service}`
      : `service ${service} has no provider to send anybody to (${told})`;
  return new QuorateError('NO_PROVIDER', message, { service, providers: String(all.length) });
}
