// GET /commandcenter/facts/KIND and /commandcenter/reigns. They are read from what is applied here, with or without a quorum, and say
// how stale that is; what may be secret is shown only to somebody who is logged in here.

import { CLUSTER } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import { json } from '../http/answer.js';
import type { Answer } from '../http/answer.js';
import { BadRequest, numberIn } from '../http/query.js';
import type { Route, RouteRequest } from '../http/routes.js';
import { checkFactsRight, FACT_SOURCES, factsPage } from './facts.js';
import { FACTS_PATH, REIGNS_PATH } from './feed.js';
import type { FactKind } from './feed.js';
import type { Ground } from './ground.js';
import { sharedWith } from './guard.js';
import { reignsAnswer } from './reigns.js';

/** The routes of all kinds, and of the reigns. */
export function factRoutes(ground: Ground): [string, Route][] {
  const kinds = Object.keys(FACT_SOURCES) as FactKind[];
  const routes = kinds.map((kind): [string, Route] => {
    const parameters = ['search', 'after', 'limit'];
    const answer = (request: RouteRequest): Promise<Answer> => facts(kind, ground, request);
    return [`${FACTS_PATH}/${kind}`, { parameters, isUnlisted: true, answer }];
  });
  const answer = (request: RouteRequest): Answer => reigns(ground, request);
  return [...routes, [REIGNS_PATH, { parameters: [], isUnlisted: true, answer }]];
}

async function facts(kind: FactKind, ground: Ground, request: RouteRequest): Promise<Answer> {
  const { service, desk, limits, members } = ground;
  const { query } = request;
  const user = desk.userOf(request);
  checkFactsRight(kind, service, user);
  const limit = numberIn(query, 'limit', limits.rowsMax) ?? limits.rowsDefault;
  if (limit === 0)
    throw new BadRequest('limit: expected at least 1', `Give 1 to ${limits.rowsMax}.`);
  const wish = {
    search: bounded('search', query.get('search'), limits.searchMax),
    after: bounded('after', query.get('after'), limits.afterBytesMax),
    limit,
    isOpen: user !== null,
  };
  return json(200, await factsPage(kind, service, wish, limits), sharedWith(request, members()));
}

function reigns({ service, desk, members }: Ground, request: RouteRequest): Answer {
  const { path } = CLUSTER.Status;
  const user = desk.userOf(request);
  if (!service.authorise(user === null ? null : { name: user }, path)) {
    throw new QuorateError('PERMISSION_DENIED', `this caller may not use ${path}`);
  }
  return json(200, reignsAnswer(service), sharedWith(request, members()));
}

function bounded(name: string, text = '', lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  throw new BadRequest(`${name}: too long`, `Give at most ${lengthMax} characters.`);
}
