// What the actions are called, what they do and how a reason for them may read. Pure.

import { unreachable } from '../../raft/assert.js';
import type { Action } from '../feed.js';

export interface ActionWords {
  readonly title: string;
  /** One or two sentences: what it does. */
  readonly what: string;
  /** On the button that does it. */
  readonly doIt: string;
  readonly example: string;
  /** It cannot simply be done the other way round. */
  readonly isGrave: boolean;
}

export function actionWords({
  action,
  name,
}: {
  action: Action;
  name: string | null;
}): ActionWords {
  const who = name ?? 'the node';
  switch (action) {
    case 'set-primary':
      return {
        title: `Make ${who} primary`,
        what: `The primary stops its work in order and hands over to ${who}. It stays so until the next unplanned fail-over.`,
        doIt: `Make ${who} primary`,
        example: 'kernel update on the old primary',
        isGrave: false,
      };
    case 'remove':
      return {
        title: `Remove ${who} from the cluster`,
        what: `${who} is a member no longer: it does not vote and is told nothing more. To come back it has to join anew.`,
        doIt: `Remove ${who}`,
        example: 'machine is being replaced',
        isGrave: true,
      };
    case 'pause':
      return {
        title: 'Pause automatic reigns',
        what: 'Nobody becomes primary by itself until reigns are resumed. Who is primary now stays it, as long as it is well.',
        doIt: 'Pause automatic reigns',
        example: 'maintenance of the network',
        isGrave: false,
      };
    case 'resume':
      return {
        title: 'Resume automatic reigns',
        what: 'Whoever leads becomes primary by itself again.',
        doIt: 'Resume automatic reigns',
        example: 'maintenance is over',
        isGrave: false,
      };
    default:
      return unreachable(action);
  }
}
