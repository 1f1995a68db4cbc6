// POST /commandcenter/login, logout and actions/ACTION: from a page of this very server, as JSON, the actions only from somebody who is
// logged in and says why. What is done then is not known here.

import { json, refusal } from '../http/answer.js';
import type { Answer } from '../http/answer.js';
import { BadRequest } from '../http/query.js';
import type { Route, RouteRequest } from '../http/routes.js';
import { act, ACTIONS, namesMember } from './actions.js';
import type { Order } from './actions.js';
import { ACTIONS_PATH, LOGIN_PATH, LOGOUT_PATH } from './feed.js';
import type { Action } from './feed.js';
import type { Ground } from './ground.js';
import { checkOrigin, jsonBody, textIn } from './guard.js';
import { addressOf } from './login-desk.js';

const NAME_LENGTH_MAX = 63;
const REASON_LENGTH_MAX = 256;

/** The routes of login, logout and all actions. */
export function actionRoutes(ground: Ground): [string, Route][] {
  const { desk, limits } = ground;
  const posted = (answer: Route['answer']): Route => {
    return { parameters: [], isUnlisted: true, bodyBytesMax: limits.bodyBytesMax, answer };
  };
  return [
    [LOGIN_PATH, posted((request) => desk.enter(request))],
    [LOGOUT_PATH, posted((request) => desk.leave(request))],
    ...ACTIONS.map((action): [string, Route] => {
      return [
        `${ACTIONS_PATH}/${action}`,
        posted((request) => answerAction(action, ground, request)),
      ];
    }),
  ];
}

async function answerAction(
  action: Action,
  { service, desk, limits }: Ground,
  request: RouteRequest,
): Promise<Answer> {
  checkOrigin(request);
  const user = desk.userOf(request);
  if (user === null) {
    const { isConfigured, hint } = desk.state(null);
    const login = 'Log in, and do it again.';
    return refusal(401, 'nobody is logged in', isConfigured || hint === null ? login : hint);
  }
  const order = orderOf(action, request);
  const who = `commandcenter ${user}@${addressOf(request)}`;
  return json(200, await act(service, action, order, who, limits.actionMs));
}

function orderOf(action: Action, request: RouteRequest): Order {
  const hasName = namesMember(action);
  const keys = hasName ? ['name', 'reason', 'dryRun'] : ['reason', 'dryRun'];
  const body = jsonBody(request, keys);
  const name = hasName ? textIn(body, 'name', NAME_LENGTH_MAX) : '';
  if (hasName && name === '') throw new BadRequest('name: empty', 'Give the name of a member.');
  const reason = textIn(body, 'reason', REASON_LENGTH_MAX).trim();
  if (reason === '') throw new BadRequest('reason: empty', 'Say why; the history keeps it.');
  const { dryRun } = body;
  if (typeof dryRun !== 'boolean') {
    throw new BadRequest('dryRun: expected true or false', 'Say whether to carry it out.');
  }
  return { name, reason, dryRun };
}
