// The feed as what the page is drawn from: state that follows the messages, and figures. Figures of another member than the one
// that is asked come over a feed of their own.

import { useEffect, useRef, useState } from 'preact/hooks';

import { FEED_PATH, REIGNS_PATH } from '../feed.js';
import type { Figures, FeedMessages, ReignsAnswer } from '../feed.js';
import { ask } from './ask.js';
import { after, firstState } from './page-state.js';
import type { Happening, PageState } from './page-state.js';
import { renewWhenIdle } from './renew.js';
import { withFigures } from './series.js';
import { Stream } from './stream.js';
import type { Told } from './stream.js';

export interface Feed {
  readonly state: PageState;
  /** Of the member that is asked. */
  readonly figures: readonly Figures[];
  /** Asks the member that served the page again, such as after a login. */
  readonly restart: () => void;
}

export function useFeed(home: string): Feed {
  const [state, setState] = useState<PageState>(() => firstState(home));
  const [figures, setFigures] = useState<readonly Figures[]>([]);
  const stream = useRef<Stream | null>(null);
  useEffect(() => {
    const opened = new Stream(home, {
      onLink: (link) => {
        setState((before) => after(before, { kind: 'link', link }));
      },
      onOutgrown: renewWhenIdle,
      onMessage: (told) => {
        switch (told.name) {
          case 'hello':
            return setState((before) => after(before, { kind: 'hello', hello: told.message }));
          case 'members':
            return setState((before) => after(before, { kind: 'members', ...told.message }));
          case 'cluster':
          case 'events':
            return setState((before) => after(before, seen(told)));
          case 'history':
            // Another member measured other things: its figures begin anew.
            return setFigures(told.message.figures);
          case 'figures':
            return setFigures((before) => withFigures(before, [told.message]));
          case 'bye':
            return undefined;
        }
      },
    });
    stream.current = opened;
    opened.open();
  }, []);
  useReigns(state, (message, atMs) => {
    setState((before) => after(before, { kind: 'reigns', message, atMs }));
  });
  return { state, figures, restart: () => stream.current?.open() };
}

function seen(told: Extract<Told, { name: 'cluster' | 'events' }>): Happening {
  const atMs = Date.now();
  return told.name === 'cluster'
    ? { kind: 'cluster', message: told.message, atMs }
    : { kind: 'events', message: told.message, atMs };
}

/** Asks for the reigns when the feed begins and whenever an event tells of one. */
function useReigns(
  state: PageState,
  onReigns: (message: ReignsAnswer, atMs: number) => void,
): void {
  const { link, hello, events, cluster } = state;
  const newest = events.find(({ kind }) => kind.startsWith('reign'))?.key ?? '';
  const isOfUse =
    link.phase === 'live' && hello !== null && hello.cluster !== null && !hello.isWitness;
  const origin = isOfUse ? link.origin : null;
  useEffect(() => {
    if (origin === null) return;
    const abort = new AbortController();
    ask<ReignsAnswer>(`${origin}${REIGNS_PATH}`, abort.signal).then(
      (message) => onReigns(message, Date.now()),
      // The feed notices a member that does not answer, and says so.
      () => undefined,
    );
    return () => abort.abort();
  }, [origin, newest, cluster?.message.view.epoch]);
}

export interface OtherFigures {
  readonly figures: readonly Figures[];
  /** It was asked and does not answer. */
  readonly isSilent: boolean;
}

const NOBODY: OtherFigures = { figures: [], isSilent: false };

/** The figures that another member measures. `origin` null: nobody is asked. */
export function useFiguresOf(origin: string | null): OtherFigures {
  const [other, setOther] = useState(NOBODY);
  useEffect(() => {
    setOther(NOBODY);
    if (origin === null) return;
    const source = new EventSource(`${origin}${FEED_PATH}`);
    source.addEventListener('history', ({ data }: MessageEvent<string>) => {
      const { figures } = JSON.parse(data) as FeedMessages['history'];
      setOther({ figures, isSilent: false });
    });
    source.addEventListener('figures', ({ data }: MessageEvent<string>) => {
      const added = [JSON.parse(data) as Figures];
      setOther(({ figures }) => ({ figures: withFigures(figures, added), isSilent: false }));
    });
    source.addEventListener('error', () => {
      setOther(({ figures }) => ({ figures, isSilent: true }));
    });
    return () => source.close();
  }, [origin]);
  return other;
}
