// Acting on the cluster in three steps: say what and why, read what would happen, confirm. Nothing is changed before the last.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { ACTIONS_PATH } from '../feed.js';
import type { Action, ActionAnswer, Forecast } from '../feed.js';
import { actionWords } from './action-words.js';
import { AskError, tell } from './ask.js';
import { Trouble } from './dialog.js';
import { duration, UNKNOWN } from './units.js';

const REASON_MAX = 256;

export interface ActionWish {
  readonly action: Action;
  /** Of set-primary and remove. */
  readonly name: string | null;
}

interface ActionProps {
  readonly wish: ActionWish;
  readonly onDone: () => void;
  /** The login has ended. */
  readonly onLogin: () => void;
}

type Step =
  | { readonly at: 'reason' }
  | { readonly at: 'forecast'; readonly answer: ActionAnswer }
  | { readonly at: 'done'; readonly answer: ActionAnswer };

export function ActionForm({ wish, onDone, onLogin }: ActionProps): JSX.Element {
  const [reason, setReason] = useState('');
  const [step, setStep] = useState<Step>({ at: 'reason' });
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<AskError | null>(null);
  const words = actionWords(wish);
  const send = (dryRun: boolean): void => {
    setBusy(true);
    setError(null);
    const body = {
      ...(wish.name === null ? {} : { name: wish.name }),
      reason: reason.trim(),
      dryRun,
    };
    tell<ActionAnswer>(`${ACTIONS_PATH}/${wish.action}`, body).then(
      (answer) => {
        setBusy(false);
        setStep({ at: dryRun ? 'forecast' : 'done', answer });
      },
      (failure: unknown) => {
        setBusy(false);
        if (!(failure instanceof AskError)) return;
        if (failure.status === 401) onLogin();
        else setError(failure);
      },
    );
  };
  if (step.at === 'done') {
    return (
      <div class="stack">
        <p class="done" role="status">
          {step.answer.text}
        </p>
        <p class="quiet">Request {step.answer.requestId}</p>
        <div class="buttons">
          <button type="button" class="main" onClick={onDone} autofocus>
            Close
          </button>
        </div>
      </div>
    );
  }
  if (step.at === 'forecast') {
    const { answer } = step;
    return (
      <div class="stack">
        <div role="status">
          <ForecastView answer={answer} />
        </div>
        <p class="quiet">Reason: {reason.trim()}</p>
        <Trouble error={error} />
        <div class="buttons">
          <button type="button" disabled={isBusy} onClick={() => setStep({ at: 'reason' })}>
            Back
          </button>
          <button
            type="button"
            class={words.isGrave ? 'grave' : 'main'}
            disabled={isBusy || answer.isUnchanged}
            onClick={() => send(false)}
          >
            {isBusy ? 'Working …' : words.doIt}
          </button>
        </div>
      </div>
    );
  }
  const submit = (event: Event): void => {
    event.preventDefault();
    send(true);
  };
  return (
    <form class="stack" onSubmit={submit}>
      <p>{words.what}</p>
      <label>
        Why? It stays in the history.
        <input
          type="text"
          required
          autofocus
          maxLength={REASON_MAX}
          placeholder={words.example}
          value={reason}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </label>
      <Trouble error={error} />
      <div class="buttons">
        <button type="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" class="main" disabled={isBusy || reason.trim() === ''}>
          {isBusy ? 'Asking …' : 'See what would happen'}
        </button>
      </div>
    </form>
  );
}

function ForecastView({ answer }: { answer: ActionAnswer }): JSX.Element {
  const { forecast, text, isUnchanged } = answer;
  return (
    <>
      <p class="forecast">{text}</p>
      {forecast !== null && !isUnchanged && <ForecastFacts forecast={forecast} />}
      {forecast !== null && forecast.notes.length > 0 && (
        <ul class="notes">
          {forecast.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function ForecastFacts({ forecast }: { forecast: Forecast }): JSX.Element {
  const { failureToleranceBefore: before, failureToleranceAfter: behind, nextPrimary } = forecast;
  const { expectedGapMs, gapBasis, failOverGapMs, failOverBasis } = forecast;
  return (
    <dl class="facts">
      <dt>Nodes that may fail</dt>
      <dd>
        {before === behind ? (before ?? UNKNOWN) : `${before ?? UNKNOWN} → ${behind ?? UNKNOWN}`}
      </dd>
      <dt>Primary afterwards</dt>
      <dd>{nextPrimary ?? 'nobody, or not known'}</dd>
      <dt>Time without one</dt>
      <dd>
        <Gap ms={expectedGapMs} basis={gapBasis} />
      </dd>
      <dt>At a later failure</dt>
      <dd>
        <Gap ms={failOverGapMs} basis={failOverBasis} />
      </dd>
    </dl>
  );
}

function Gap({ ms, basis }: { ms: number | null; basis: string | null }): JSX.Element {
  return (
    <>
      {ms === null ? 'not known' : ms === 0 ? 'none' : `about ${duration(ms)}`}
      {basis !== null && <span class="basis">{basis}</span>}
    </>
  );
}
