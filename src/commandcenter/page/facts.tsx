// What the cluster remembers, in tabs with search. A page of rows comes at a time, and is asked anew every few seconds while
// somebody looks.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { FACTS_PATH } from '../feed.js';
import type { FactKind, FactRows, FactsAnswer } from '../feed.js';
import { ask, AskError } from './ask.js';
import { DataTable } from './data-table.js';
import { FACT_KINDS, FACTS } from './fact-columns.js';
import type { FactPlan } from './fact-columns.js';
import { useSettled } from './hooks.js';
import { Icon } from './icons.js';
import { count, duration } from './units.js';

const REFRESH_MS = 5_000;
const SEARCH_MS = 250;
const PAGE_ROWS = 20;

/** What was up to date so lately is as good as now. */
const CURRENT_MS = 1_000;

/** A page of a search may be empty and yet not the last: so many are asked for in a row. */
const PAGES_AT_ONCE_MAX = 20;

interface FactsProps {
  readonly origin: string;
  /** Name of the node that is asked. */
  readonly asked: string;
  /** Who is logged in: what is shown depends on it. */
  readonly user: string | null;
  readonly counts: Readonly<Partial<Record<FactKind, number>>>;
}

export function Facts({ origin, asked, user, counts }: FactsProps): JSX.Element {
  const [kind, setKind] = useState<FactKind>('sessions');
  const [text, setText] = useState('');
  const search = useSettled(text.trim(), SEARCH_MS);
  return (
    <>
      <div class="card-head">
        <h2>What the cluster remembers</h2>
        <label class="search">
          <span class="unseen">Search {FACTS[kind].title.toLowerCase()}</span>
          <Icon name="search" size={16} />
          <input
            type="search"
            placeholder={`Search ${FACTS[kind].title.toLowerCase()}`}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
      </div>
      <Tabs kind={kind} counts={counts} onKind={setKind} />
      <div role="tabpanel" id="facts-panel" aria-labelledby={`tab-${kind}`}>
        <FactList
          key={`${origin} ${kind} ${search} ${user ?? ''}`}
          {...{ origin, kind, search, asked }}
        />
      </div>
    </>
  );
}

interface TabsProps {
  readonly kind: FactKind;
  readonly counts: FactsProps['counts'];
  readonly onKind: (kind: FactKind) => void;
}

function Tabs({ kind, counts, onKind }: TabsProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const go = (to: number): void => {
    const next = FACT_KINDS.at(to % FACT_KINDS.length) ?? kind;
    onKind(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = FACT_KINDS.indexOf(kind);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  return (
    <div class="tabs" role="tablist" aria-label="Kinds of facts" ref={list} onKeyDown={onKeyDown}>
      {FACT_KINDS.map((each) => (
        <button
          key={each}
          id={`tab-${each}`}
          type="button"
          role="tab"
          aria-selected={each === kind}
          aria-controls="facts-panel"
          tabIndex={each === kind ? 0 : -1}
          onClick={() => onKind(each)}
        >
          {FACTS[each].title}
          {counts[each] !== undefined && <span class="badge">{count(counts[each])}</span>}
        </button>
      ))}
    </div>
  );
}

interface FactListProps {
  readonly origin: string;
  readonly kind: FactKind;
  readonly search: string;
  readonly asked: string;
}

interface Found {
  readonly answer: FactsAnswer;
  readonly rows: readonly FactRows[FactKind][];
}

function FactList({ origin, kind, search, asked }: FactListProps): JSX.Element {
  const [found, setFound] = useState<Found | null>(null);
  const [wanted, setWanted] = useState(PAGE_ROWS);
  const [trouble, setTrouble] = useState<AskError | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const look = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        const url = `${origin}${FACTS_PATH}/${kind}`;
        setFound(await collect(url, search, wanted, abort.signal));
        setTrouble(null);
      } catch (error) {
        if (!abort.signal.aborted) setTrouble(error instanceof AskError ? error : null);
      }
    };
    void look();
    const timer = setInterval(() => void look(), REFRESH_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [origin, kind, search, wanted]);
  if (found === null) {
    return (
      <p class="empty">{trouble === null ? 'Looking …' : `${trouble.message} ${trouble.hint}`}</p>
    );
  }
  return (
    <FoundRows
      {...{ found, kind, search, asked, trouble }}
      onMore={() => setWanted(wanted + 4 * PAGE_ROWS)}
    />
  );
}

interface FoundProps {
  readonly found: Found;
  readonly kind: FactKind;
  readonly search: string;
  readonly asked: string;
  readonly trouble: AskError | null;
  readonly onMore: () => void;
}

function FoundRows({ found, kind, search, asked, trouble, onMore }: FoundProps): JSX.Element {
  const { rows, answer } = found;
  // The plan of a kind fits the rows of that kind, which the compiler cannot follow through the table of plans.
  const plan = FACTS[kind] as unknown as FactPlan<FactRows[FactKind]>;
  const isSecret = !answer.isOpen && kind !== 'processes' && kind !== 'services' && rows.length > 0;
  return (
    <>
      <p class="quiet facts-note" aria-live="polite">
        {noteOf(found, search, asked, kind)}
        {isSecret && ' Values are shown after a login.'}
        {trouble !== null && ` ${trouble.message}`}
      </p>
      {rows.length === 0 ? (
        <p class="empty">{search === '' ? plan.empty : `Nothing with “${search}” in it.`}</p>
      ) : (
        <DataTable
          caption={`${plan.title} of the cluster`}
          columns={plan.columns}
          rows={rows}
          keyOf={plan.keyOf}
        />
      )}
      {answer.next !== null && (
        <button type="button" class="more" onClick={onMore}>
          Show more
        </button>
      )}
    </>
  );
}

/** Pages until there are enough rows, or no more. */
async function collect(
  url: string,
  search: string,
  wanted: number,
  signal: AbortSignal,
): Promise<Found> {
  const rows: FactRows[FactKind][] = [];
  let after: string | null = null;
  for (let page = 1; ; page += 1) {
    const query = new URLSearchParams({ limit: String(Math.min(500, wanted - rows.length)) });
    if (search !== '') query.set('search', search);
    if (after !== null) query.set('after', after);
    const answer: FactsAnswer = await ask<FactsAnswer>(`${url}?${query.toString()}`, signal);
    rows.push(...answer.rows);
    if (answer.next === null || rows.length >= wanted || page === PAGES_AT_ONCE_MAX) {
      return { answer, rows };
    }
    after = answer.next;
  }
}

function noteOf({ answer, rows }: Found, search: string, asked: string, kind: FactKind): string {
  if (rows.length === 0 && answer.next === null && answer.stalenessMs !== null) return '';
  const shown = count(rows.length);
  const many = answer.next === null ? shown : `The first ${shown}`;
  const all = answer.total === null || search !== '' ? '' : ` of ${count(answer.total)}`;
  const found = search === '' ? `${many}${all}` : `${many} found`;
  if (kind === 'processes') return `${found}, of ${asked} alone.`;
  const { stalenessMs } = answer;
  if (stalenessMs === null) return `${found}, as ${asked} knows them; it was never up to date.`;
  return stalenessMs < CURRENT_MS
    ? `${found}.`
    : `${found}, as ${asked} knew them ${duration(stalenessMs)} ago.`;
}
