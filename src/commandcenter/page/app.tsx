// The page as a whole: a headline that says in one sentence how things stand, the picture, what happened, what was measured, who
// reigned, what is remembered; and the dialogs over it. It keeps which dialog is open, and nothing of the cluster.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import type { ClusterMessage, Hello } from '../feed.js';
import type { ActionWish } from './action.js';
import { Overlay } from './overlay.js';
import type { OverlayKind } from './overlay.js';
import { Events } from './events.js';
import { Facts } from './facts.js';
import { Headline, Masthead, Notice } from './head.js';
import { useNow } from './hooks.js';
import { Measured } from './measured.js';
import { Nodes } from './nodes.js';
import type { PageState, Seen } from './page-state.js';
import { Picture } from './picture.js';
import { Reigns } from './reigns.js';
import { useTheme } from './theme.js';
import { listed } from './units.js';
import { useFeed } from './use-feed.js';
import { pageTitle } from './words.js';

/** Messages come at least each second; what is older is told to be. */
const STALE_MS = 4_000;

export function App({ home }: { home: string }): JSX.Element {
  const { state, figures, restart } = useFeed(home);
  const nowMs = useNow(1000);
  const [choice, onChoice, theme] = useTheme();
  const [overlay, setOverlay] = useState<OverlayKind | null>(null);
  const { hello, cluster, link } = state;
  const title = pageTitle(hello, cluster?.message ?? null);
  useEffect(() => {
    document.title = title;
  }, [title]);
  const onPick = (name: string): void => setOverlay({ kind: 'node', name });
  const mayAct = link.isHome && link.phase === 'live';
  const onAct = mayAct ? (wish: ActionWish) => setOverlay({ kind: 'action', wish }) : null;
  return (
    <>
      <a class="skip" href="#main">
        Skip to how things stand
      </a>
      <div class="unseen" role="status" aria-live="polite">
        {state.announcement}
      </div>
      <Masthead
        state={state}
        theme={choice}
        onTheme={onChoice}
        onLogin={() => setOverlay({ kind: 'login' })}
        onLogout={restart}
      />
      <main id="main" tabIndex={-1}>
        <Notice state={state} />
        <Headline state={state} nowMs={nowMs} onAct={onAct} />
        {hello !== null && cluster !== null && (
          <>
            <Overview {...{ state, hello, cluster, nowMs, onPick }} />
            <Details {...{ state, hello, figures, theme, nowMs }} />
          </>
        )}
      </main>
      {overlay !== null && hello !== null && (
        <Overlay
          overlay={overlay}
          hello={hello}
          view={cluster?.message.view ?? null}
          onAct={onAct}
          onLogin={restart}
          onClose={() => setOverlay(null)}
        />
      )}
    </>
  );
}

interface OverviewProps {
  readonly state: PageState;
  readonly hello: Hello;
  readonly cluster: Seen<ClusterMessage>;
  readonly nowMs: number;
  readonly onPick: (name: string) => void;
}

function Overview({ state, hello, cluster, nowMs, onPick }: OverviewProps): JSX.Element {
  const isStale = state.link.phase !== 'live' || nowMs - cluster.atMs > STALE_MS;
  return (
    <div class={hasHistory(hello) ? 'overview' : ''}>
      <section class="card" aria-labelledby="nodes-title">
        <h2 id="nodes-title" class="unseen">
          Nodes
        </h2>
        <Picture cluster={cluster} asked={hello.node} isStale={isStale} onPick={onPick} />
        <Nodes message={cluster.message} asked={hello.node} onPick={onPick} />
      </section>
      {hasHistory(hello) && (
        <section class="card happened" aria-labelledby="events-title">
          <div class="card-head">
            <h2 id="events-title">What happened</h2>
          </div>
          <Events events={state.events} nowMs={nowMs} empty="Nothing that is still remembered." />
        </section>
      )}
    </div>
  );
}

interface DetailsProps {
  readonly state: PageState;
  readonly hello: Hello;
  readonly figures: ReturnType<typeof useFeed>['figures'];
  readonly theme: string;
  readonly nowMs: number;
}

function Details({ state, hello, figures, theme, nowMs }: DetailsProps): JSX.Element {
  const { link, reigns, cluster } = state;
  const nodes = cluster?.message.view.nodes ?? [];
  const names = nodes.map(({ name }) => name);
  const newest = figures.at(-1);
  return (
    <>
      <section class="card">
        <Measured
          hello={hello}
          leader={cluster?.message.view.leader ?? null}
          reachable={nodes.filter((node) => node.state !== 'DOWN').map(({ name }) => name)}
          {...{ figures, theme }}
        />
      </section>
      {hasHistory(hello) && reigns !== null && (
        <section class="card">
          <Reigns
            {...{ reigns, names, nowMs }}
            isReigning={(cluster?.message.view.primary ?? null) !== null}
          />
        </section>
      )}
      {hasHistory(hello) && (
        <section class="card">
          <Facts
            origin={link.origin}
            asked={hello.node}
            user={hello.login.user}
            counts={
              newest === undefined
                ? {}
                : {
                    sessions: newest.sessions,
                    store: newest.storeKeys,
                    locks: newest.locks,
                    jobs: newest.jobs,
                  }
            }
          />
        </section>
      )}
      {hello.isWitness && (
        <section class="card">
          <h2>What the cluster remembers</h2>
          <p class="empty">
            {`${hello.node} is a witness: it votes, but holds no state. Reigns, events and facts are shown by ${listed(fullMembers(state), 'or')}.`}
          </p>
        </section>
      )}
    </>
  );
}

function fullMembers({ cluster }: PageState): string[] {
  const nodes = cluster?.message.view.nodes ?? [];
  return nodes
    .filter(({ state }) => state === 'STANDBY' || state === 'PRIMARY')
    .map(({ name }) => name);
}

/** A witness holds none, and without a cluster there is none. */
function hasHistory({ cluster, isWitness }: Hello): boolean {
  return cluster !== null && !isWitness;
}
