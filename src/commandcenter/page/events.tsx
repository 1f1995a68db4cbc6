// What happened, newest first, as the replicated history tells it. Each sentence was written by the entry that caused it.

import type { JSX } from 'preact';

import { Icon } from './icons.js';
import type { IconName } from './icons.js';
import { toneOf } from './merge-events.js';
import type { EventTone, SeenEvent } from './merge-events.js';
import { ago, clock } from './units.js';

const ICONS: Readonly<Record<EventTone, IconName>> = {
  crown: 'crown',
  good: 'check',
  warn: 'pause',
  bad: 'minus',
  plain: 'dot',
};

interface EventsProps {
  readonly events: readonly SeenEvent[];
  readonly nowMs: number;
  /** Why there is nothing to see. */
  readonly empty: string;
}

export function Events({ events, nowMs, empty }: EventsProps): JSX.Element {
  if (events.length === 0) return <p class="empty">{empty}</p>;
  return (
    <ol class="events" tabIndex={0} aria-label="Events, newest first">
      {events.map(({ key, kind, text, atMs, revision, requestId }) => {
        const tone = toneOf(kind);
        const by = requestId === null ? '' : `, request ${requestId}`;
        return (
          <li key={key} class={tone}>
            <Icon name={ICONS[tone]} size={16} />
            <div>
              <p>{text}</p>
              <p class="quiet" title={`revision ${revision}${by}`}>
                <time dateTime={new Date(atMs).toISOString()}>{clock(atMs, nowMs)}</time>
                {` · ${ago(Math.max(0, nowMs - atMs))}`}
              </p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
