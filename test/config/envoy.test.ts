// What `quorate lb envoy` prints, held against the fields of Envoy's published v3 protos: every name, type, enumeration, `@type` and
// oneof, field by field, as Envoy's own reader would take it. The table envoy-fields.json was drawn from the protos in
// @grpc/grpc-js-xds 1.14.1, without deprecated fields; rules that only Envoy itself checks are not in it.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { envoyLines } from '../../cli/lb/envoy.js';
import type { Plan } from '../../cli/lb/plan.js';

interface Fields {
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly oneofs: Readonly<Record<string, readonly (readonly string[])[]>>;
}

const FIELDS = JSON.parse(
  readFileSync(new URL('envoy-fields.json', import.meta.url), 'utf8'),
) as Fields;

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';
const ANY = 'google.protobuf.Any';
const DURATION = /^\d+(\.\d{1,9})?s$/;

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === 'string';
const isTruth = (value: unknown): boolean => typeof value === 'boolean';
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: isText,
  bool: isTruth,
  uint32: isCount,
  double: (value) => typeof value === 'number',
  'google.protobuf.Duration': (value) => isText(value) && DURATION.test(String(value)),
  'google.protobuf.UInt32Value': isCount,
  'google.protobuf.BoolValue': isTruth,
  'google.protobuf.Struct': isObject,
};

/** Where a value is none of that type, in words; empty: it is sound. */
function mistakes(value: unknown, type: string, path: string): string[] {
  if (type.startsWith('repeated ')) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    const inner = type.slice('repeated '.length);
    return value.flatMap((one, at) => mistakes(one, inner, `${path}[${at}]`));
  }
  const isSound = SCALARS[type];
  if (isSound !== undefined) return isSound(value) ? [] : [`${path} is no ${type}`];
  const names = FIELDS.enums[type];
  if (names !== undefined) return names.includes(String(value)) ? [] : [`${path} is no ${type}`];
  if (!isObject(value)) return [`${path} is no object`];
  if (type !== ANY) return ofMessage(value, type, path);
  const { '@type': url, ...fields } = value;
  const [, name = ''] = /^type\.googleapis\.com\/(.+)$/.exec(String(url)) ?? [];
  return ofMessage(fields, name, path);
}

function ofMessage(value: Record<string, unknown>, type: string, path: string): string[] {
  const fields = FIELDS.messages[type];
  if (fields === undefined) return [`${path}: ${type} is not among the messages that are known`];
  const found = Object.entries(value).flatMap(([name, inner]) => {
    const of = fields[name];
    return of === undefined
      ? [`${path}.${name} is no field of ${type}`]
      : mistakes(inner, of, `${path}.${name}`);
  });
  const twice = (FIELDS.oneofs[type] ?? [])
    .map((names) => names.filter((name) => name in value))
    .filter(({ length }) => length > 1);
  return [...found, ...twice.map((names) => `${path}: one of ${names.join(', ')} at a time`)];
}

const PLAN: Plan = {
  cluster: 'prices',
  backends: [
    { name: 'a', host: '10.0.0.1', port: 7001, httpPort: 8080 },
    { name: 'b', host: 'fd00::2', port: 7001, httpPort: 8081 },
    { name: 'c', host: 'c.example.org', port: 7001, httpPort: 8080 },
  ],
  primaryBind: { host: '0.0.0.0', port: 7001 },
  readBind: { host: '::', port: 7002 },
  checkMs: 500,
  caFile: null,
};

interface Printed {
  readonly static_resources: {
    readonly listeners: readonly { readonly filter_chains: readonly Chain[] }[];
    readonly clusters: readonly Upstream[];
  };
}
interface Chain {
  readonly filters: readonly { readonly typed_config: { readonly cluster: string } }[];
}
interface Upstream {
  readonly name: string;
  readonly load_assignment: {
    readonly cluster_name: string;
    readonly endpoints: readonly { readonly lb_endpoints: readonly unknown[] }[];
  };
}

function printed(plan: Plan): Printed {
  return parse(envoyLines(plan).join('\n')) as Printed;
}

describe('the configuration for Envoy', () => {
  test.each([
    ['plain', PLAN],
    ['with TLS for the checks', { ...PLAN, caFile: '/etc/quorate/ca.pem' }],
  ])('%s holds only fields of the published protos, each of its type', (_, plan) => {
    expect(mistakes(printed(plan), BOOTSTRAP, 'bootstrap')).toEqual([]);
  });

  test('leads each listener to a cluster of its own with every node', () => {
    const { listeners, clusters } = printed(PLAN).static_resources;
    const wanted = listeners.flatMap(({ filter_chains: chains }) =>
      chains.flatMap(({ filters }) => filters.map((filter) => filter.typed_config.cluster)),
    );
    expect(wanted).toEqual(['quorate_primary', 'quorate_read']);
    expect(clusters.map(({ name }) => name)).toEqual(wanted);
    for (const { name, load_assignment: load } of clusters) {
      expect(load.cluster_name).toBe(name);
      expect(load.endpoints[0]?.lb_endpoints).toHaveLength(PLAN.backends.length);
    }
  });

  test.each([
    ['a name that is none', { static_resources: { listener: [] } }, 'is no field of'],
    [
      'a number for a duration',
      { static_resources: { clusters: [{ connect_timeout: 1 }] } },
      'Duration',
    ],
    [
      'a policy that is none',
      { static_resources: { clusters: [{ lb_policy: 'FAIR' }] } },
      'LbPolicy',
    ],
    [
      'a filter of the old protos',
      {
        static_resources: {
          listeners: [
            {
              filter_chains: [
                {
                  filters: [
                    {
                      typed_config: {
                        '@type':
                          'type.googleapis.com/envoy.config.filter.network.tcp_proxy.v2.TcpProxy',
                      },
                    },
                  ],
                },
              ],
            },
          ],
        },
      },
      'not among the messages',
    ],
    [
      'two checks in one',
      {
        static_resources: {
          clusters: [{ health_checks: [{ http_health_check: {}, tcp_health_check: {} }] }],
        },
      },
      'at a time',
    ],
  ])('the reader of this test refuses %s', (_, wrong, words) => {
    expect(mistakes(wrong, BOOTSTRAP, 'bootstrap').join('\n')).toContain(words);
  });
});
