// The cluster as a picture: a disc for each node that stays in its place, a crown and a draining lease around the primary, and a
// link for each pair that must hear one another. Every node is a button that opens its details; the table below says the same in
// words. What may be drawn where stands in geometry.ts.

import type { JSX } from 'preact';

import type { ClusterMessage, NodeView } from '../feed.js';
import { along, link, ringDash, round, sceneFor } from './geometry.js';
import type { Point, Scene } from './geometry.js';
import { useNow, useWidth } from './hooks.js';
import { Glyph, stateIcon } from './icons.js';
import { leaseOf, shareOf } from './lease.js';
import type { LeaseView } from './lease.js';
import { linksOf } from './links.js';
import type { LinkView } from './links.js';
import type { Seen } from './page-state.js';
import { duration, shortened } from './units.js';
import { nodeSentence, stateWords } from './words.js';

/** Width of a letter of a label, about. */
const LETTER = 6;

interface PictureProps {
  readonly cluster: Seen<ClusterMessage>;
  /** Name of the node that is asked. */
  readonly asked: string;
  /** What is shown is no longer told. */
  readonly isStale: boolean;
  readonly onPick: (name: string) => void;
}

export function Picture({ cluster, asked, isStale, onPick }: PictureProps): JSX.Element {
  const [element, width] = useWidth<HTMLDivElement>();
  const { message } = cluster;
  const { nodes, leader } = message.view;
  const scene = sceneFor(nodes.length, Math.max(width, 280));
  const placeOf = (name: string): Point | undefined =>
    scene.places[nodes.findIndex((node) => node.name === name)];
  const lease = leaseOf(message);
  return (
    <div class={isStale ? 'picture stale' : 'picture'} ref={element}>
      {width > 0 && (
        <svg
          width={scene.width}
          height={scene.height}
          viewBox={`0 0 ${scene.width} ${scene.height}`}
          role="group"
          aria-label="Picture of the cluster; the table below says the same"
        >
          {linksOf(message, asked).map((each) => (
            <LinkLine
              key={`${each.from} ${each.to}`}
              view={each}
              from={placeOf(each.from)}
              to={placeOf(each.to)}
              scene={scene}
            />
          ))}
          {nodes.map((node, at) => (
            <Disc
              key={node.name}
              node={node}
              place={scene.places[at] ?? { x: 0, y: 0 }}
              scene={scene}
              leader={leader}
              isAsked={node.name === asked}
              lease={node.state === 'PRIMARY' ? lease : null}
              leaseAtMs={cluster.atMs}
              onPick={onPick}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

interface LinkLineProps {
  readonly view: LinkView;
  readonly from: Point | undefined;
  readonly to: Point | undefined;
  readonly scene: Scene;
}

function LinkLine({ view, from, to, scene }: LinkLineProps): JSX.Element | null {
  if (from === undefined || to === undefined) return null;
  const [start, end] = link(from, to, scene.radius, 14);
  const line = { x1: round(start.x), y1: round(start.y), x2: round(end.x), y2: round(end.y) };
  const middle = along(start, end, view.isUp ? 0.58 : 0.5);
  const isRoomy = Math.hypot(end.x - start.x, end.y - start.y) > LETTER * view.label.length + 60;
  return (
    <g class={view.isUp ? 'link up' : 'link cut'}>
      <title>{view.sentence}</title>
      <line class="wire" {...line} />
      {view.isUp && <line class="beat" {...line} />}
      {!view.isUp && (
        <g transform={`translate(${round(middle.x)} ${round(middle.y)})`} class="break">
          <circle r="10" />
          <Glyph name="cross" size={14} />
        </g>
      )}
      {view.isUp && isRoomy && view.label !== '' && (
        <text x={round(middle.x)} y={round(middle.y) + 4}>
          {view.label}
        </text>
      )}
    </g>
  );
}

interface DiscProps {
  readonly node: NodeView;
  readonly place: Point;
  readonly scene: Scene;
  readonly leader: string | null;
  readonly isAsked: boolean;
  readonly lease: LeaseView | null;
  readonly leaseAtMs: number;
  readonly onPick: (name: string) => void;
}

function Disc(props: DiscProps): JSX.Element {
  const { node, place, scene, leader, isAsked, lease, leaseAtMs, onPick } = props;
  const { radius } = scene;
  const state = (node.state ?? 'unknown').toLowerCase();
  const isFirst = node.state === 'PRIMARY';
  const pick = (): void => onPick(node.name);
  const words = `${stateWords(node, leader)}${node.ineligible === undefined ? '' : ', not eligible'}`;
  return (
    <g
      class={`disc ${state}${node.ineligible === undefined ? '' : ' ineligible'}`}
      transform={`translate(${round(place.x)} ${round(place.y)})`}
      onClick={pick}
    >
      <g
        class="button"
        role="button"
        // In an SVG an attribute's case counts.
        tabindex={0}
        aria-label={nodeSentence(node, leader)}
        aria-haspopup="dialog"
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          pick();
        }}
      >
        <circle class="focus" r={radius + 13} />
        {isFirst && <circle class="aura" r={radius + 8} />}
        <circle class="body" r={radius} />
        <Glyph name={stateIcon(node.state, node.role)} size={radius * (isFirst ? 1.05 : 0.85)} />
      </g>
      <g aria-hidden="true">
        {lease !== null && <LeaseRing lease={lease} atMs={leaseAtMs} radius={radius + 8} />}
        {isAsked && (
          <g class="asked" transform={`translate(0 ${-radius - (isFirst ? 12 : 1)})`}>
            <title>This page asks this node.</title>
            <rect x="-20" y="-9" width="40" height="18" rx="9" />
            <text y="4">here</text>
          </g>
        )}
        <text class="name" y={radius + 27}>
          {shortened(node.name, scene.lettersMax)}
        </text>
        <text class="state" y={radius + 43}>
          {scene.lettersMax < 14 ? (words.split(',')[0] ?? '') : words}
        </text>
      </g>
    </g>
  );
}

interface LeaseRingProps {
  readonly lease: LeaseView;
  readonly atMs: number;
  readonly radius: number;
}

/** Full when the lease was just renewed; drains when no renewal is heard of. Starts at the top, clockwise. */
function LeaseRing({ lease, atMs, radius }: LeaseRingProps): JSX.Element {
  const nowMs = useNow(250);
  const share = shareOf(lease, nowMs - atMs);
  const left = duration(Math.round(share * lease.leaseMs));
  return (
    <g class={share < 0.35 ? 'lease low' : 'lease'}>
      <title>{`Lease: ${left} of ${duration(lease.leaseMs)} left; renewed with each round of heartbeats`}</title>
      <circle class="track" r={radius} />
      <circle
        class="left"
        r={radius}
        stroke-dasharray={ringDash(radius, share)}
        transform="rotate(-90)"
      />
      <circle key={atMs} class="renewed" r={radius} />
    </g>
  );
}
