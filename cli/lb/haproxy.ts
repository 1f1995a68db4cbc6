// The configuration for HAProxy: TCP to the node that answers 200 on `/primary`, and another port to every node that answers 200
// on `/read-only`. A node that stops being primary loses its connections at once, so that no client goes on talking to it.

import { bracketed, headerLines } from './plan.js';
import type { Backend, Endpoint, Plan } from './plan.js';

/** Streams are long: only keep-alives tell whether the other end is there. */
const DEFAULTS = [
  'defaults',
  '    mode tcp',
  '    log global',
  '    option tcplog',
  '    option redispatch 1',
  '    option clitcpka',
  '    option srvtcpka',
  '    retries 3',
  '    timeout connect 1s',
  '    timeout client 1h',
  '    timeout server 1h',
  '    timeout check 1s',
];

/** The lines of the file. */
export function haproxyLines(plan: Plan): string[] {
  return [
    ...headerLines(plan, 'HAProxy 2.4 or later'),
    'global',
    '    log stderr format raw local0 notice',
    '    maxconn 4000',
    '',
    ...DEFAULTS,
    '',
    ...side('quorate_primary', plan.primaryBind, '/primary', plan),
    '',
    ...side('quorate_read', plan.readBind, '/read-only', plan),
  ];
}

function side(name: string, { host, port }: Endpoint, path: string, plan: Plan): string[] {
  const { checkMs, caFile, backends } = plan;
  const tls = caFile === null ? '' : ` check-ssl verify required ca-file ${caFile}`;
  return [
    `frontend ${name}`,
    `    bind ${bracketed(host)}:${port}`,
    `    default_backend ${name}`,
    '',
    `backend ${name}`,
    '    balance leastconn',
    '    option httpchk',
    `    http-check send meth GET uri ${path} ver HTTP/1.0`,
    '    http-check expect status 200',
    `    default-server inter ${checkMs}ms fastinter ${checkMs}ms downinter ${checkMs}ms fall 1 rise 1 on-marked-down shutdown-sessions`,
    ...backends.map((backend) => `    server ${server(backend)}${tls}`),
  ];
}

function server({ name, host, port, httpPort }: Backend): string {
  return `${name} ${bracketed(host)}:${port} check port ${httpPort}`;
}
