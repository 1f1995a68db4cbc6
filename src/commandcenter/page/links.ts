// Which links the picture draws: from the leader to everybody as the leader measures them, or, without a confirmed leader, from
// the node that is asked to those it reaches and does not reach. Pure.

import type { ClusterMessage, NodeView } from '../feed.js';
import { count, duration } from './units.js';

export interface LinkView {
  readonly from: string;
  readonly to: string;
  readonly isUp: boolean;
  /** Short, beside the line; empty: nothing is known. */
  readonly label: string;
  /** For a tooltip. */
  readonly sentence: string;
}

export function linksOf({ links, view, own }: ClusterMessage, asked: string): readonly LinkView[] {
  if (links.length > 0) {
    return links.map(({ from, to, isUp, lagEntries, lastContactMs }) => {
      const behind = lagEntries === null || lagEntries === 0 ? '' : `${count(lagEntries)} behind`;
      const heard = lastContactMs === null ? '' : `${duration(lastContactMs)}`;
      const label = [behind, heard].filter((part) => part !== '').join(' · ');
      const sentence = isUp
        ? `${from} heard ${to} ${heard === '' ? 'lately' : `${heard} ago`}, ${behind === '' ? 'up to date' : behind}`
        : `${from} has not heard ${to}${heard === '' ? '' : ` for ${heard}`}`;
      return { from, to, isUp, label, sentence };
    });
  }
  if (view.nodes.length < 2 || own.state === 'REMOVED') return [];
  const isOf = ({ name }: NodeView): boolean => name !== asked;
  return view.nodes.filter(isOf).map(({ name, state }) => {
    const isUp = state !== 'DOWN' && state !== null;
    const sentence = isUp ? `${name} answers ${asked}` : `${name} does not answer ${asked}`;
    return { from: asked, to: name, isUp, label: '', sentence };
  });
}
