// Light and dark: as the system says, or as the reader chose. The browser remembers the choice, if it remembers anything.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Icon } from './icons.js';
import type { IconName } from './icons.js';

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'quorate-theme';
const CHOICES: readonly (readonly [ThemeChoice, string, IconName])[] = [
  ['system', 'As the system', 'auto'],
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
];

/** What was chosen, and what it comes to now. */
export function useTheme(): [ThemeChoice, (choice: ThemeChoice) => void, string] {
  const [choice, setChoice] = useState<ThemeChoice>(remembered);
  const [isDark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const onChange = (): void => setDark(media.matches);
    media.addEventListener('change', onChange);
    return () => media.removeEventListener('change', onChange);
  }, []);
  const choose = (next: ThemeChoice): void => {
    setChoice(next);
    apply(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // A browser that keeps nothing shows the choice until the page is closed.
    }
  };
  const shown = choice === 'system' ? (isDark ? 'dark' : 'light') : choice;
  return [choice, choose, shown];
}

/** To be called before anything is drawn. */
export function applyRemembered(): void {
  apply(remembered());
}

function apply(choice: ThemeChoice): void {
  if (choice === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = choice;
}

function remembered(): ThemeChoice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

interface ThemeSwitchProps {
  readonly choice: ThemeChoice;
  readonly onChoice: (choice: ThemeChoice) => void;
}

export function ThemeSwitch({ choice, onChoice }: ThemeSwitchProps): JSX.Element {
  return (
    <fieldset class="segments theme">
      <legend class="unseen">Colours</legend>
      {CHOICES.map(([value, label, icon]) => (
        <label key={value} title={label}>
          <input
            type="radio"
            name="theme"
            checked={choice === value}
            onChange={() => onChoice(value)}
          />
          <span>
            <Icon name={icon} size={16} />
            <span class="unseen">{label}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
