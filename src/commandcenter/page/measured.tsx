// The card of charts, with the choice of the node whose figures they show. It is the leader unless another is chosen, because only
// the leader knows how long a write takes.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Figures, Hello } from '../feed.js';
import { Charts } from './charts.js';
import { loadWords } from './series.js';
import { useFiguresOf } from './use-feed.js';

interface MeasuredProps {
  readonly hello: Hello;
  readonly leader: string | null;
  /** Names that are not known to be down. */
  readonly reachable: readonly string[];
  /** Of the node that is asked. */
  readonly figures: readonly Figures[];
  readonly theme: string;
}

export function Measured(props: MeasuredProps): JSX.Element {
  const { hello, leader, reachable, figures, theme } = props;
  const [chosen, setChosen] = useState<string | null>(null);
  const originOf = (name: string | null): string | null =>
    hello.members.find((member) => member.name === name)?.origin ?? null;
  const isOpen = (name: string | null): name is string =>
    name !== null && (name === hello.node || (originOf(name) !== null && reachable.includes(name)));
  const wanted = isOpen(chosen) ? chosen : isOpen(leader) ? leader : hello.node;
  const other = useFiguresOf(wanted === hello.node ? null : originOf(wanted));
  const isOwn = wanted === hello.node || other.isSilent;
  const shown = isOwn ? hello.node : wanted;
  const drawn = isOwn ? figures : other.figures;
  const newest = drawn.at(-1);
  return (
    <>
      <div class="card-head">
        <h2>Measured on {shown}</h2>
        <span class="quiet">
          {newest === undefined ? 'waiting for figures' : loadWords(newest)}
        </span>
        {hello.members.length > 1 && (
          <fieldset class="segments">
            <legend class="unseen">Node whose figures are shown</legend>
            {hello.members.map(({ name }) => (
              <label key={name}>
                <input
                  type="radio"
                  name="measured"
                  checked={name === shown}
                  disabled={!isOpen(name)}
                  onChange={() => setChosen(name)}
                />
                <span>{name}</span>
              </label>
            ))}
          </fieldset>
        )}
      </div>
      <Charts figures={drawn} theme={theme} />
    </>
  );
}
