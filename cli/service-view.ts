// Providers of services as the command line shows them: an object whose keys are a contract with scripts, and lines for people. Pure.

import { QuorateError } from '../src/errors.js';
import type { Provider__Output as Provider } from '../src/generated/quorate/v1/Provider.js';
import { formatDuration, printable, renderTable } from './format.js';
import type { Style } from './format.js';

const HEALTHS = {
  PROVIDER_UNSPECIFIED: 'unknown',
  PROVIDER_HEALTHY: 'healthy',
  PROVIDER_DRAINING: 'draining',
  PROVIDER_UNHEALTHY: 'unhealthy',
} as const;

/** What watches print of a provider. */
export interface WatchedProviderView {
  readonly service: string;
  readonly id: string;
  readonly address: string;
  readonly load: number;
  readonly health: (typeof HEALTHS)[keyof typeof HEALTHS];
  readonly tags: Readonly<Record<string, string>>;
  /** Null: it vanishes with the member `node`. */
  readonly session: string | null;
  readonly node: string;
  readonly registration: number;
  readonly reportedMsAgo: number;
  readonly revision: number;
}

/** What `service get --json` prints. */
export type ProviderView = WatchedProviderView & {
  /** Why nobody is sent there; null: callers are. */
  readonly withheld: string | null;
};

/** Turns a provider into what is printed of it in a watch. */
export function watchedProviderView(provider: Provider): WatchedProviderView {
  const { health, session, withheld: _withheld, ...same } = provider;
  return { ...same, health: HEALTHS[health], session: session === '' ? null : session };
}

/** Turns a provider into what is printed. */
export function providerView(provider: Provider | null): ProviderView {
  if (provider === null) throw new QuorateError('INTERNAL', 'the answer carries no provider');
  const { withheld } = provider;
  return { ...watchedProviderView(provider), withheld: withheld === '' ? null : withheld };
}

/** A provider as lines for people. */
export function providerLines(view: ProviderView, style: Style): string[] {
  const { service, id, session, node, reportedMsAgo, withheld } = view;
  const held =
    session === null ? `kept with member ${printable(node)}` : `session ${printable(session)}`;
  const tags = tagsText(view.tags);
  return [
    `${style.bold(printable(`${service}/${id}`))} · ${providerWords(view)}`,
    ...(withheld === null ? [] : [`  nobody is sent there: ${printable(withheld)}`]),
    ...(tags === '' ? [] : [`  ${tags}`]),
    style.dim(`  at ${printable(node)} · ${held} · reported ${formatDuration(reportedMsAgo)} ago`),
  ];
}

/** Providers as a table. */
export function providerTable(views: readonly ProviderView[], style: Style): string[] {
  const rows = views.map((view) => [
    view.service,
    printable(view.id),
    printable(view.address),
    String(view.load),
    view.withheld === null ? view.health : printable(view.withheld),
    printable(view.node),
    tagsText(view.tags),
  ]);
  return renderTable(
    [
      { title: 'SERVICE', canShrink: true },
      { title: 'ID', canShrink: true },
      { title: 'ADDRESS', canShrink: true },
      { title: 'LOAD', align: 'right' },
      { title: 'HEALTH', canShrink: true },
      { title: 'NODE' },
      { title: 'TAGS', canShrink: true },
    ],
    rows,
    { style },
  );
}

/** Where it is, how loaded and how well. */
export function providerWords({ address, load, health }: WatchedProviderView): string {
  return `${printable(address)} · load ${load} · ${health}`;
}

function tagsText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${printable(name)}=${printable(value)}`)
    .join(' ');
}
