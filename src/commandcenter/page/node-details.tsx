// Everything known of one node, and what can be done with it. What is not possible from this page is not offered.

import type { JSX } from 'preact';

import type { Hello, NodeView } from '../feed.js';
import type { ActionWish } from './action.js';
import { Chip } from './data-table.js';
import { toneOfState } from './nodes.js';
import { ago, count, duration, UNKNOWN } from './units.js';
import { stateWords } from './words.js';

interface NodeDetailsProps {
  readonly node: NodeView;
  readonly hello: Hello;
  readonly leader: string | null;
  /** Null: not from here, because the page came from another member. */
  readonly onAct: ((wish: ActionWish) => void) | null;
}

export function NodeDetails({ node, hello, leader, onAct }: NodeDetailsProps): JSX.Element {
  const { name, state } = node;
  const origin = hello.members.find((member) => member.name === name)?.origin ?? null;
  const isMember = hello.cluster !== null && state !== 'CLEAN' && state !== 'REMOVED';
  return (
    <div class="stack">
      <p class="chips">
        <Chip tone={toneOfState(state)}>{stateWords(node, leader)}</Chip>
        {node.role !== null && <Chip tone="plain">{node.role}</Chip>}
        {name === hello.node && <Chip tone="plain">this page asks it</Chip>}
      </p>
      <Warnings node={node} />
      <dl class="facts">
        <Fact name="Applied" value={count(node.lastApplied)} />
        <Fact name="Committed" value={count(node.commitIndex)} />
        <Fact
          name="Behind the leader"
          value={node.lagEntries === null ? UNKNOWN : `${count(node.lagEntries)} entries`}
        />
        <Fact
          name="Last heard"
          value={node.role === 'leader' ? 'it leads' : ago(node.lastContactMs)}
        />
        <Fact name="Up for" value={duration(node.uptimeMs)} />
        <Fact name="Version" value={node.version ?? UNKNOWN} />
        <Fact name="Peer address" value={node.address ?? UNKNOWN} />
        <Fact name="API address" value={node.api ?? UNKNOWN} />
        <Fact name="HTTP address" value={node.http ?? UNKNOWN} />
      </dl>
      <div class="buttons">
        {origin !== null && name !== hello.node && state !== 'DOWN' && (
          <a class="button" href={`${origin}/commandcenter`}>
            Open its page
          </a>
        )}
        {isMember && onAct !== null && (
          <>
            <button type="button" class="grave" onClick={() => onAct({ action: 'remove', name })}>
              Remove …
            </button>
            {state === 'STANDBY' && (
              <button
                type="button"
                class="main"
                onClick={() => onAct({ action: 'set-primary', name })}
              >
                Make primary …
              </button>
            )}
          </>
        )}
      </div>
    </div>
  );
}

function Warnings({ node }: { node: NodeView }): JSX.Element | null {
  const { trouble, ineligible, differs = [] } = node;
  const lines = [
    ...(trouble === undefined ? [] : [trouble]),
    ...(ineligible === undefined ? [] : [`It may not be primary now: ${ineligible}`]),
    ...differs.map((each) => `Its configuration file says otherwise than the cluster: ${each}`),
  ];
  if (lines.length === 0) return null;
  return (
    <ul class="notes">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
