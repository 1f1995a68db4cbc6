// The configuration for nginx as it is freely had: without checks of its own it cannot know the primary, so that it spreads
// connections over all members, each of which passes on to the leader what is the leader's. What must reach the primary
// itself needs HAProxy or Envoy, and the file says so.

import { bracketed, headerLines } from './plan.js';
import type { Plan } from './plan.js';

/** The lines of the file. */
export function nginxLines(plan: Plan): string[] {
  const { host, port } = plan.readBind;
  return [
    ...headerLines(plan, 'nginx with its stream module'),
    '# nginx without its commercial checks cannot ask /primary: this serves the API, which any member answers,',
    '# and no service that runs on the primary alone. For those make a configuration for HAProxy or Envoy.',
    '# On Debian: libnginx-mod-stream; in a file of its own begin with `load_module modules/ngx_stream_module.so;`.',
    'events {',
    '    worker_connections 10000;',
    '}',
    'stream {',
    '    upstream quorate {',
    '        least_conn;',
    ...plan.backends.map((node) => {
      return `        server ${bracketed(node.host)}:${node.port} max_fails=1 fail_timeout=2s;`;
    }),
    '    }',
    '    server {',
    `        listen ${bracketed(host)}:${port};`,
    '        proxy_pass quorate;',
    '        proxy_connect_timeout 1s;',
    '        proxy_timeout 1h;',
    '        proxy_next_upstream on;',
    '        proxy_socket_keepalive on;',
    '    }',
    '}',
  ];
}
