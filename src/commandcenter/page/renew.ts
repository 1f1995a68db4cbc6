// Loads the page anew, for a policy that names members which joined since: as soon as nobody is in the middle of something, and only while the
// member that served the page answers. Until then the page goes on as it is.

import { BASE_PATH } from '../feed.js';

const WAIT_MS = 2_000;

let isWaiting = false;

/** Loads the page anew when nobody types and no dialog is open. Asking again while it waits changes nothing. */
export function renewWhenIdle(): void {
  if (isWaiting) return;
  isWaiting = true;
  const look = (): void => {
    if (isBusy()) {
      setTimeout(look, WAIT_MS);
      return;
    }
    fetch(BASE_PATH, { method: 'HEAD', cache: 'no-store' }).then(
      ({ ok }) => {
        if (ok) location.reload();
        else setTimeout(look, WAIT_MS);
      },
      () => setTimeout(look, WAIT_MS),
    );
  };
  look();
}

function isBusy(): boolean {
  const at = document.activeElement;
  const isTyping = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement;
  return (isTyping && at.value !== '') || document.querySelector('dialog[open]') !== null;
}
