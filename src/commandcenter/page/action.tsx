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
  const send = async (dryRun: boolean): Promise<void> => {
    const { action, name } = wish;
    const body = { ...(name === null ? {} : { name }), reason: reason.trim(), dryRun };
    setBusy(true);
    setError(null);
    try {
      const answer = await tell<ActionAnswer>(`${ACTIONS_PATH}/${action}`, body);
      setStep({ at: dryRun ? 'forecast' : 'done', answer });
    } catch (failure) {
      if (!(failure instanceof AskError)) throw failure;
      if (failure.status === 401) onLogin();
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const parts = { wish, reason, isBusy, error };
  switch (step.at) {
    case 'reason':
      return (
        <ReasonStep
          {...parts}
          onReason={setReason}
          onAsk={() => void send(true)}
          onCancel={onDone}
        />
      );
    case 'forecast':
      return (
        <ForecastStep
          {...parts}
          answer={step.answer}
          onBack={() => setStep({ at: 'reason' })}
          onDo={() => void send(false)}
        />
      );
    case 'done':
      return <DoneStep answer={step.answer} onDone={onDone} />;
  }
}

interface StepProps {
  readonly wish: ActionWish;
  readonly reason: string;
  readonly isBusy: boolean;
  readonly error: AskError | null;
}

interface ReasonStepProps extends StepProps {
  readonly onReason: (reason: string) => void;
  readonly onAsk: () => void;
  readonly onCancel: () => void;
}

function ReasonStep(props: ReasonStepProps): JSX.Element {
  const { wish, reason, isBusy, error, onReason, onAsk, onCancel } = props;
  const words = actionWords(wish);
  const submit = (event: Event): void => {
    event.preventDefault();
    onAsk();
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
          onInput={({ currentTarget }) => onReason(currentTarget.value)}
        />
      </label>
      <Trouble error={error} />
      <div class="buttons">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="main" disabled={isBusy || reason.trim() === ''}>
          {isBusy ? 'Asking …' : 'See what would happen'}
        </button>
      </div>
    </form>
  );
}

interface ForecastStepProps extends StepProps {
  readonly answer: ActionAnswer;
  readonly onBack: () => void;
  readonly onDo: () => void;
}

function ForecastStep(props: ForecastStepProps): JSX.Element {
  const { wish, answer, reason, isBusy, error, onBack, onDo } = props;
  const words = actionWords(wish);
  return (
    <div class="stack">
      <div role="status">
        <ForecastView answer={answer} />
      </div>
      <p class="quiet">Reason: {reason.trim()}</p>
      <Trouble error={error} />
      <div class="buttons">
        <button type="button" disabled={isBusy} onClick={onBack}>
          Back
        </button>
        <button
          type="button"
          class={words.isGrave ? 'grave' : 'main'}
          disabled={isBusy || answer.isUnchanged}
          onClick={onDo}
        >
          {isBusy ? 'Working …' : words.doIt}
        </button>
      </div>
    </div>
  );
}

function DoneStep({ answer, onDone }: { answer: ActionAnswer; onDone: () => void }): JSX.Element {
  return (
    <div class="stack">
      <p class="done" role="status">
        {answer.text}
      </p>
      <p class="quiet">Request {answer.requestId}</p>
      <div class="buttons">
        <button type="button" class="main" onClick={onDone} autofocus>
          Close
        </button>
      </div>
    </div>
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
