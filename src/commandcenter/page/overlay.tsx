// The dialog that is open: a node, a login, or an action. An action asks for a login first where nobody is logged in.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { ClusterView, Hello } from '../feed.js';
import { ActionForm } from './action.js';
import type { ActionWish } from './action.js';
import { actionWords } from './action-words.js';
import { Dialog } from './dialog.js';
import { LoginForm } from './login.js';
import { NodeDetails } from './node-details.js';

export type OverlayKind =
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'login' }
  | { readonly kind: 'action'; readonly wish: ActionWish };

interface OverlayProps {
  readonly overlay: OverlayKind;
  readonly hello: Hello;
  readonly view: ClusterView | null;
  readonly onAct: ((wish: ActionWish) => void) | null;
  /** Somebody has logged in. */
  readonly onLogin: () => void;
  readonly onClose: () => void;
}

export function Overlay(props: OverlayProps): JSX.Element | null {
  const { overlay, hello, view, onAct, onLogin, onClose } = props;
  const [isIn, setIn] = useState(hello.login.user !== null);
  const onUser = (): void => {
    setIn(true);
    onLogin();
    if (overlay.kind === 'login') onClose();
  };
  if (overlay.kind === 'node') {
    const node = view?.nodes.find(({ name }) => name === overlay.name);
    if (node === undefined) return null;
    return (
      <Dialog key={node.name} title={node.name} onClose={onClose}>
        <NodeDetails node={node} hello={hello} leader={view?.leader ?? null} onAct={onAct} />
      </Dialog>
    );
  }
  const title = overlay.kind === 'login' ? 'Log in' : actionWords(overlay.wish).title;
  return (
    <Dialog key={title} title={title} onClose={onClose}>
      {overlay.kind === 'action' && isIn ? (
        <ActionForm wish={overlay.wish} onDone={onClose} onLogin={() => setIn(false)} />
      ) : (
        <LoginForm login={hello.login} onUser={onUser} onCancel={onClose} />
      )}
    </Dialog>
  );
}
