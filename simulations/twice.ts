// The check that a run depends on its seed alone: what ran once runs again in other processes and in another order, and the
// hashes of the traces are compared. If two differ, both traces are written down and the first event that differs is told.

import { run } from './run.js';
import { Progress } from './progress.js';
import { optionsOf } from './setting.js';
import type { Setting } from './setting.js';
import type { Surroundings } from './surroundings.js';
import { runAll } from './workers/pool.js';

interface Noted {
  readonly setting: Setting;
  readonly hash: string;
}

export class Twice {
  readonly #noted: Noted[] = [];

  /** A run of this setting had this hash. */
  note(setting: Setting, hash: string): void {
    this.#noted.push({ setting, hash });
  }

  /** Runs everything again, the last first; answers what differs, null: nothing. */
  async compare(workers: number, surroundings: Surroundings): Promise<string | null> {
    const again = this.#noted.toReversed();
    const progress = new Progress(surroundings);
    let done = 0;
    const wrong: { noted: Noted; hash: string }[] = [];
    await runAll({
      count: again.length,
      settingAt: (at) => (again[at] as Noted).setting,
      workers,
      isElsewhere: true,
      onReport: ({ hash }, at) => {
        const noted = again[at] as Noted;
        done += 1;
        if (noted.hash !== hash) wrong.push({ noted, hash });
        progress.show(done, again.length, 'seeds again', `${wrong.length} differ`);
        return wrong.length === 0;
      },
    });
    progress.end();
    const [first] = wrong;
    if (first === undefined) return null;
    const { noted, hash } = first;
    const what = `seed ${optionsOf(noted.setting)} had the hash ${noted.hash}, and ${hash} when it ran again`;
    return `${what}; ${firstDifference(linesOf(noted.setting), linesOf(noted.setting))}`;
  }
}

/** Where two traces part, in words. */
function firstDifference(one: readonly string[], other: readonly string[]): string {
  const length = Math.max(one.length, other.length);
  for (let at = 0; at < length; at += 1) {
    if (one[at] === other[at]) continue;
    const shown = (line: string | undefined): string => line ?? 'its end';
    return `the first event that differs is number ${at + 1}: ${shown(one[at])}; and then: ${shown(other[at])}`;
  }
  return 'two more runs of it in one process did not differ, so it depends on something outside';
}

function linesOf(setting: Setting): string[] {
  const lines: string[] = [];
  run({ ...setting, sink: (line) => lines.push(line) });
  return lines;
}
