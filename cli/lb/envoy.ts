// The configuration for Envoy: two TCP listeners whose clusters ask `/primary` and `/read-only` of every node. Connections to a
// node that fails its check are closed, and nothing is sent to unhealthy nodes out of panic.

import { headerLines } from './plan.js';
import type { Endpoint, Plan } from './plan.js';

/** The lines of the file, YAML. */
export function envoyLines(plan: Plan): string[] {
  return [
    ...headerLines(plan, 'Envoy 1.20 or later'),
    'static_resources:',
    '  listeners:',
    ...listener('quorate_primary', plan.primaryBind),
    ...listener('quorate_read', plan.readBind),
    '  clusters:',
    ...upstream('quorate_primary', '/primary', plan),
    ...upstream('quorate_read', '/read-only', plan),
  ];
}

function listener(name: string, bind: Endpoint): string[] {
  return [
    `    - name: ${name}`,
    `      address: ${socketAddress(bind)}`,
    '      filter_chains:',
    '        - filters:',
    '            - name: envoy.filters.network.tcp_proxy',
    '              typed_config:',
    '                "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    `                stat_prefix: ${name}`,
    `                cluster: ${name}`,
    '                idle_timeout: 3600s',
  ];
}

function upstream(name: string, path: string, { backends, checkMs, caFile }: Plan): string[] {
  return [
    `    - name: ${name}`,
    '      type: STRICT_DNS',
    '      connect_timeout: 1s',
    '      lb_policy: LEAST_REQUEST',
    '      close_connections_on_host_health_failure: true',
    '      common_lb_config: { healthy_panic_threshold: { value: 0 } }',
    '      health_checks:',
    '        - timeout: 1s',
    `          interval: ${checkMs / 1000}s`,
    `          no_traffic_interval: ${checkMs / 1000}s`,
    '          unhealthy_threshold: 1',
    '          healthy_threshold: 1',
    '          reuse_connection: false',
    `          http_health_check: { path: "${path}", host: localhost }`,
    ...(caFile === null ? [] : ['          transport_socket_match_criteria: { check: true }']),
    ...(caFile === null ? [] : tlsForChecks(caFile)),
    '      load_assignment:',
    `        cluster_name: ${name}`,
    '        endpoints:',
    '          - lb_endpoints:',
    ...backends.flatMap((node) => [
      '              - endpoint:',
      `                  hostname: ${node.name}`,
      `                  address: ${socketAddress(node)}`,
      `                  health_check_config: { port_value: ${node.httpPort} }`,
    ]),
  ];
}

/** The checks speak TLS; what is passed through is the client's own business. */
function tlsForChecks(caFile: string): string[] {
  return [
    '      transport_socket_matches:',
    '        - name: check',
    '          match: { check: true }',
    '          transport_socket:',
    '            name: envoy.transport_sockets.tls',
    '            typed_config:',
    '              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    `              common_tls_context: { validation_context: { trusted_ca: { filename: "${caFile}" } } }`,
  ];
}

function socketAddress({ host, port }: Endpoint): string {
  return `{ socket_address: { address: "${host}", port_value: ${port} } }`;
}
