// The feature level while two versions run: it rises once nobody of the configuration that it follows runs the old
// software, by one, and never before; nobody who does not speak it joins afterwards; no command of a level is applied below
// it. Judged by what the machines really run, not by what the nodes believe. That both versions apply alike is
// same-state's subject.

import type { Configuration } from '../../src/raft/types.js';
import { LATER_LEVEL } from '../versions.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

export function featureLevel(world: World): Invariant {
  const { versions } = world;
  const levels: number[] = [1];

  const checkAllSpeak = ({ members }: Configuration, what: () => string): void => {
    const old = members.filter(({ id }) => !versions.speaksLater(id)).map(({ id }) => id);
    hold(old.length === 0, 'feature-level', () => `${what()}, but node ${old.join(', ')} is old`);
  };

  return {
    changed({ machine, state, appended, isFirst }) {
      if (isFirst || state.role.type !== 'leader') return;
      for (const entry of appended) {
        if (entry.kind !== 'featureLevel' || entry.term !== state.term) continue;
        const before = state.configurations.findLast(({ index }) => index < entry.index);
        hold(before !== undefined, 'feature-level', () => `level ${entry.level} before any member`);
        checkAllSpeak(before.configuration, () => {
          return `node ${machine.id} raises the level to ${entry.level} at ${entry.index}`;
        });
      }
    },
    applied({ machine, process, entry, command }) {
      const level = process.node.state.featureLevel;
      if (entry.kind === 'featureLevel') {
        hold(entry.level <= LATER_LEVEL, 'feature-level', () => `level ${entry.level} is nobody's`);
        if (levels.at(-1) === entry.level) return;
        world.count('levelsRaised');
        const last = levels.at(-1) ?? 0;
        hold(entry.level === last + 1, 'feature-level', () => `${last} rose to ${entry.level}`);
        levels.push(entry.level);
      }
      if (entry.kind === 'configuration' && level >= LATER_LEVEL) {
        checkAllSpeak(entry.configuration, () => {
          return `configuration ${entry.index} stands at level ${level}`;
        });
      }
      if (command === null || level >= LATER_LEVEL) return;
      hold(!versions.isLater(command), 'feature-level', () => {
        return `node ${machine.id} applied the later ${command.kind} at ${entry.index}, at level ${level}`;
      });
    },
  };
}
