// A web server that keeps its sessions in Quorate by way of express-session: start it on several machines behind any balancer, and a
// visitor is known on each. Node's own HTTP server shows that no framework is needed; with Express it is `app.use(sessions)`.

import { createServer } from 'node:http';
import session from 'express-session';

import { connect } from 'quorate/client';
import { quorateStore } from './session-store.mjs';

/** Makes a server that counts each visitor's visits; `/logout` forgets the visitor, `/login` gives a new session. */
export function webServer(client, { secret, maxAge = 30 * 60_000 }) {
  const sessions = session({
    store: quorateStore(session, client),
    secret,
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { maxAge },
  });
  return createServer((request, response) => {
    sessions(request, response, (error) => {
      if (error) answer(response, 503, String(error.message));
      else serve(request, response);
    });
  });
}

function serve(request, response) {
  const told = (error) => {
    if (error) answer(response, 503, String(error.message));
    else answer(response, 200, `visit ${request.session?.visits ?? 0}`);
  };
  if (request.url === '/logout') {
    request.session.destroy(told);
  } else if (request.url === '/login') {
    request.session.regenerate(told);
  } else {
    if (request.url === '/') request.session.visits = (request.session.visits ?? 0) + 1;
    told();
  }
}

function answer(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(`${text}\n`);
}

if (process.argv[1] === import.meta.filename) {
  const [, , port, ...addresses] = process.argv;
  const server = webServer(connect({ addresses }), { secret: process.env.SESSION_SECRET });
  server.listen(Number(port), () => console.log('listening on port', server.address().port));
}
