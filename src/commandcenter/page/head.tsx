// The top of the page: whose cluster this is and how the page stands with it, and the headline with what may be done to the
// cluster as a whole. A notice stands between them when the member that served the page is gone.

import type { JSX } from 'preact';

import { LOGOUT_PATH } from '../feed.js';
import type { ActionWish } from './action.js';
import { tell } from './ask.js';
import { Icon } from './icons.js';
import type { IconName } from './icons.js';
import { nameAt } from './page-state.js';
import type { PageState } from './page-state.js';
import { ThemeSwitch } from './theme.js';
import type { ThemeChoice } from './theme.js';
import { count, duration, listed } from './units.js';
import { reignAge, standing } from './words.js';
import type { Standing, Tone } from './words.js';

interface MastheadProps {
  readonly state: PageState;
  readonly theme: ThemeChoice;
  readonly onTheme: (choice: ThemeChoice) => void;
  readonly onLogin: () => void;
  readonly onLogout: () => void;
}

export function Masthead({ state, theme, onTheme, onLogin, onLogout }: MastheadProps): JSX.Element {
  const { hello, link } = state;
  const user = hello?.login.user ?? null;
  const logout = (): void => {
    tell(LOGOUT_PATH, {}).then(onLogout, onLogout);
  };
  return (
    <header class="masthead">
      <div class="brand">
        <svg width="30" height="30" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M12 5.5 5.5 17h13z" />
          <circle class="first" cx="12" cy="5.5" r="3.6" />
          <circle cx="5.5" cy="17" r="3" />
          <circle cx="18.5" cy="17" r="3" />
        </svg>
        <p>
          <strong>{hello?.cluster ?? 'Quorate'}</strong>
          <span class="quiet">Command Center</span>
        </p>
      </div>
      <p class={`live ${link.phase}`}>
        <span class="lamp" aria-hidden="true" />
        {linkWords(state)}
      </p>
      <ThemeSwitch choice={theme} onChoice={onTheme} />
      {link.isHome && user !== null && (
        <button type="button" onClick={logout} title={`Logged in as ${user}`}>
          <Icon name="user" />
          <span>{`Log out ${user}`}</span>
        </button>
      )}
      {link.isHome && user === null && hello !== null && (
        <button type="button" onClick={onLogin}>
          <Icon name="user" />
          <span>Log in</span>
        </button>
      )}
    </header>
  );
}

function linkWords({ link, hello }: PageState): string {
  const name = nameAt(hello, link.origin);
  switch (link.phase) {
    case 'live':
      return `Live from ${name}`;
    case 'connecting':
      return hello === null ? 'Connecting …' : `Turning to ${name} …`;
    case 'lost':
      return 'Nobody answers';
  }
}

export function Notice({ state }: { state: PageState }): JSX.Element | null {
  const { link, hello } = state;
  if (link.isHome || link.phase !== 'live' || hello === null) return null;
  const served = nameAt(hello, location.origin);
  return (
    <p class="notice">
      <Icon name="swap" />
      <span>
        {`${served}, which served this page, does not answer: you are watching through ${hello.node}. The page goes back by itself. To act meanwhile, `}
        <a href={`${link.origin}/commandcenter`}>{`open the Command Center of ${hello.node}`}</a>.
      </span>
    </p>
  );
}

const ICONS: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  warn: 'warn',
  bad: 'cross',
  idle: 'dot',
};

interface HeadlineProps {
  readonly state: PageState;
  readonly nowMs: number;
  readonly onAct: ((wish: ActionWish) => void) | null;
}

export function Headline({ state, nowMs, onAct }: HeadlineProps): JSX.Element {
  const { tone, title, details } = sentences(state, nowMs);
  const view = state.cluster?.message.view ?? null;
  const isPaused = view?.pausedBy !== undefined;
  const action = isPaused ? 'resume' : 'pause';
  return (
    <section class={`headline ${tone}`} aria-label="How things stand">
      <span class="sign">
        <Icon name={view?.primary !== null && tone === 'good' ? 'crown' : ICONS[tone]} size={30} />
      </span>
      <div>
        <h1>{title}</h1>
        <p>{details.join(' ')}</p>
        {view !== null && view.cluster !== null && (
          <ul class="numbers">
            <li>{`term ${count(view.term)}`}</li>
            <li>{`epoch ${count(view.epoch)}`}</li>
            <li>{`leader ${view.leader ?? 'unknown'}`}</li>
            {view.featureLevel !== undefined && (
              <li
                title={view.featureLevel.heldBackBy
                  .map(({ name, why }) => `${name}: ${why}`)
                  .join('; ')}
              >
                {`feature level ${view.featureLevel.level}, held back by ${listed(view.featureLevel.heldBackBy.map(({ name }) => name))}`}
              </li>
            )}
          </ul>
        )}
      </div>
      {onAct !== null && view?.quorum === true && (
        <button type="button" onClick={() => onAct({ action, name: null })}>
          <Icon name={isPaused ? 'play' : 'pause'} />
          <span>{isPaused ? 'Resume reigns …' : 'Pause reigns …'}</span>
        </button>
      )}
    </section>
  );
}

function sentences(state: PageState, nowMs: number): Standing {
  const { link, hello, cluster, reigns } = state;
  if (link.phase === 'lost') {
    const names = link.failed.map((origin) => nameAt(hello, origin));
    const age = cluster === null ? '' : `What is shown is ${duration(nowMs - cluster.atMs)} old. `;
    return {
      tone: 'bad',
      title: 'No member answers this page.',
      details: [
        `${age}It asks ${listed(names)} again and again, and goes on with the first that answers.`,
      ],
    };
  }
  if (hello === null || cluster === null) {
    return {
      tone: 'idle',
      title: 'Connecting …',
      details: ['Waiting for the first word of the node.'],
    };
  }
  return standing(hello, cluster.message, reignAge(cluster.message, reigns, nowMs));
}
