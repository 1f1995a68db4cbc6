// A dialog of the page: the browser's own. So focus stays in it, Escape closes it and focus goes back to where it was.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

import type { AskError } from './ask.js';
import { Icon } from './icons.js';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    // It needs no closing: an element that leaves the document is no dialog any more, and must not tell of being closed.
    element.current?.showModal();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        // Only the backdrop is the dialog itself: everything in it has an element of its own.
        if (event.target === event.currentTarget) event.currentTarget.close();
      }}
    >
      <div class="dialog">
        <header>
          <h2 id={id}>{title}</h2>
          <button
            type="button"
            class="plain"
            aria-label="Close"
            onClick={() => element.current?.close()}
          >
            <Icon name="cross" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** What went wrong, and what to do. */
export function Trouble({ error }: { error: AskError | null }): JSX.Element {
  return (
    <div role="alert" class={error === null ? 'unseen' : 'trouble'}>
      {error !== null && (
        <>
          <strong>{error.message}</strong> {error.hint}
        </>
      )}
    </div>
  );
}
