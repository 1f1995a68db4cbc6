// Logging in, on its own or before an action. The password goes to the member that served the page and nowhere else; what comes back
// is a cookie that no script sees.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { LOGIN_PATH } from '../feed.js';
import type { LoginAnswer, LoginRequest, LoginState } from '../feed.js';
import { AskError, tell } from './ask.js';
import { Trouble } from './dialog.js';

interface LoginProps {
  readonly login: LoginState;
  readonly onUser: (user: string | null) => void;
  readonly onCancel: () => void;
}

export function LoginForm({ login, onUser, onCancel }: LoginProps): JSX.Element {
  const [password, setPassword] = useState('');
  const [user, setUser] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<AskError | null>(null);
  if (!login.isConfigured) {
    return (
      <div class="stack">
        <p>This node has no password, so that its page only shows and changes nothing.</p>
        {login.hint !== null && <p class="quiet">{login.hint}</p>}
        <div class="buttons">
          <button type="button" onClick={onCancel}>
            Close
          </button>
        </div>
      </div>
    );
  }
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    const name = user.trim();
    const request: LoginRequest = { password, ...(name === '' ? {} : { user: name }) };
    tell<LoginAnswer>(LOGIN_PATH, request).then(
      (answer) => onUser(answer.user),
      (reason: unknown) => {
        setBusy(false);
        setPassword('');
        setError(reason instanceof AskError ? reason : null);
      },
    );
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label>
        Password of the Command Center
        <input
          type="password"
          autocomplete="current-password"
          required
          autofocus
          value={password}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      </label>
      <label>
        Your name, for the history
        <input
          type="text"
          autocomplete="username"
          placeholder="operator"
          pattern="[A-Za-z0-9._\-]{1,63}"
          title="Up to 63 letters, digits, dots, underscores and hyphens"
          value={user}
          onInput={({ currentTarget }) => setUser(currentTarget.value)}
        />
      </label>
      <Trouble error={error} />
      <div class="buttons">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="main" disabled={isBusy}>
          {isBusy ? 'Logging in …' : 'Log in'}
        </button>
      </div>
    </form>
  );
}
