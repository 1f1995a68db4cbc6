// The login of the Command Center as requests see it: the cookie that carries it, who stands behind a request, and the two requests that
// begin and end it. Cookies know no ports, so that nodes on one machine have cookies of different names.

import { json, refusal } from '../http/answer.js';
import type { Answer } from '../http/answer.js';
import { BadRequest } from '../http/query.js';
import type { RouteRequest } from '../http/routes.js';
import type { LoggerPort } from '../node/ports.js';
import { isNodeName } from '../service/validate.js';
import { BASE_PATH } from './feed.js';
import type { LoginAnswer, LoginState } from './feed.js';
import { checkOrigin, cookieOf, jsonBody, textIn } from './guard.js';
import type { Logins } from './logins.js';

/** Of what is typed; a password is shorter. */
const TYPED_LENGTH_MAX = 1024;
const USER_DEFAULT = 'operator';
const USER_LENGTH_MAX = 63;

const NO_PASSWORD = 'nobody can log in at this node: it has no password';
const HOW_TO_SET =
  'Set commandCenter.password in the configuration file, or the environment variable QUORATE_COMMANDCENTER_PASSWORD, and start the daemon again.';

export interface DeskOptions {
  /** Advertised address of the HTTP port, HOST:PORT. */
  readonly http: string;
  readonly isTls: boolean;
  /** The clock of the logins. */
  readonly nowMs: () => number;
  readonly log: LoggerPort;
}

export class LoginDesk {
  readonly #logins: Logins;
  readonly #options: DeskOptions;
  readonly #cookie: string;

  constructor(logins: Logins, options: DeskOptions) {
    this.#logins = logins;
    this.#options = options;
    this.#cookie = `quorate-login-${options.http.split(':').at(-1) ?? ''}`;
  }

  /** Who is logged in with the cookie of this request; null: nobody. */
  userOf({ headers }: RouteRequest): string | null {
    const id = cookieOf(headers, this.#cookie);
    return id === null ? null : (this.#logins.find(id)?.user ?? null);
  }

  state(user: string | null): LoginState {
    const { isConfigured } = this.#logins;
    return { isConfigured, user, hint: isConfigured ? null : HOW_TO_SET };
  }

  /** Answers a login. */
  async enter(request: RouteRequest): Promise<Answer> {
    checkOrigin(request);
    const body = jsonBody(request, ['password', 'user']);
    const password = textIn(body, 'password', TYPED_LENGTH_MAX);
    const user = textIn(body, 'user', USER_LENGTH_MAX, USER_DEFAULT);
    if (!isNodeName(user)) {
      throw new BadRequest(
        'user: not a name',
        'Give letters, digits, dots, underscores or hyphens.',
      );
    }
    if (!this.#logins.isConfigured) return refusal(403, NO_PASSWORD, HOW_TO_SET);
    const address = addressOf(request);
    const attempt = await this.#logins.attempt(password, user, address);
    if (attempt.type === 'in') {
      const { id, login } = attempt;
      const expiresInMs = Math.round(login.endsAtMs - this.#options.nowMs());
      this.#options.log.info({ user, address }, 'somebody logged in at the Command Center');
      const told: LoginAnswer = { user, expiresInMs };
      return json(200, told, { 'Set-Cookie': this.#setCookie(id, Math.floor(expiresInMs / 1000)) });
    }
    const { type, retryAfterMs } = attempt;
    if (type === 'wrong') {
      this.#options.log.warn({ user, address }, 'a login at the Command Center failed');
      const hint = 'Type the password that stands in the configuration of this node.';
      return json(401, { error: 'this is not the password', hint, retryAfterMs });
    }
    const after = String(Math.ceil(retryAfterMs / 1000));
    const error = 'too many logins failed, or are being checked';
    const hint = `Wait ${after} s and try again.`;
    return json(429, { error, hint, retryAfterMs }, { 'Retry-After': after });
  }

  /** Answers a logout, also of nobody. */
  leave(request: RouteRequest): Answer {
    checkOrigin(request);
    jsonBody(request, []);
    const id = cookieOf(request.headers, this.#cookie);
    if (id !== null) this.#logins.end(id);
    const told: LoginAnswer = { user: null, expiresInMs: null };
    return json(200, told, { 'Set-Cookie': this.#setCookie('', 0) });
  }

  #setCookie(value: string, seconds: number): string {
    const secure = this.#options.isTls ? '; Secure' : '';
    const bounds = `Path=${BASE_PATH}; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
    return `${this.#cookie}=${value}; ${bounds}`;
  }
}

/** The caller's address without its port. */
export function addressOf({ peer }: RouteRequest): string {
  return peer.replace(/:\d+$/, '').replace(/^::ffff:/, '');
}
