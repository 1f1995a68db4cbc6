// The section `healthChecks` of a configuration file: what a node asks itself before it may be primary. Whether anything
// answers there is seen when it is asked. Pure.

import type { CheckDefinition, CheckTls, Probe } from '../health/definition.js';
import { commandWords } from './process-section.js';
import * as scalars from './scalars.js';
import type { Mapping, Value } from './value.js';

const CHECKS_MAX = 50;
const PROBES = ['command', 'tcp', 'http', 'grpc'] as const;
const KEYS = [...PROBES, ...'name interval timeout rise fall process service tls'.split(' ')];
const TLS_KEYS = ['ca', 'cert', 'key', 'serverName'];
const PATH_BYTES_MAX = 4096;
const DEFAULTS = { intervalMs: 5000, timeoutMs: 2000, rise: 2, fall: 3 } as const;
const INTERVAL_MAX_MS = 3_600_000;

/** What a check is read with: the names of the processes that this file supervises, and how a path is made absolute. */
export interface HealthContext {
  readonly processes: readonly string[];
  readonly resolve: (file: string) => string;
}

/** The checks in the order written. */
export function healthSection(value: Value | null, context: HealthContext): CheckDefinition[] {
  if (value === null || value.isNothing) return [];
  const elements = value.list() ?? [];
  if (elements.length > CHECKS_MAX) value.complain(`expected at most ${CHECKS_MAX} checks`);
  const checks: CheckDefinition[] = [];
  for (const element of elements) {
    const section = element.mapping(KEYS);
    const found = section === null ? null : oneCheck(element, section, context);
    if (found === null) continue;
    if (checks.some(({ name }) => name === found.name)) {
      section?.get('name')?.complain(`the check ${found.name} stands twice`);
    }
    checks.push(found);
  }
  return checks;
}

function oneCheck(
  element: Value,
  section: Mapping,
  { processes, resolve }: HealthContext,
): CheckDefinition | null {
  const name = section.needed('name')?.read(scalars.properName) ?? null;
  const probe = probeOf(element, section, resolve);
  const process = section.read('process', scalars.properName);
  if (process !== null && !processes.includes(process)) {
    section.get('process')?.complain(`there is no process ${process} among processes`);
  }
  const span = scalars.duration(1, INTERVAL_MAX_MS);
  const found = {
    process,
    intervalMs: section.read('interval', span) ?? DEFAULTS.intervalMs,
    timeoutMs: section.read('timeout', span) ?? DEFAULTS.timeoutMs,
    rise: section.read('rise', scalars.wholeNumber(1, 100)) ?? DEFAULTS.rise,
    fall: section.read('fall', scalars.wholeNumber(1, 100)) ?? DEFAULTS.fall,
  };
  return name === null || probe === null ? null : { name, probe, ...found };
}

function probeOf(
  element: Value,
  section: Mapping,
  resolve: (file: string) => string,
): Probe | null {
  const given = PROBES.filter((type) => section.get(type) !== null);
  const [type] = given;
  if (type === undefined || given.length > 1) {
    return element.complain(`expected one of ${PROBES.join(', ')}`);
  }
  const service = section.read('service', scalars.someText(100)) ?? '';
  if (type !== 'grpc') section.get('service')?.complain('service is for a check by grpc');
  const value = section.needed(type);
  if (value === null) return null;
  const tls = tlsOf(section.get('tls'), resolve);
  if (type === 'command' || type === 'tcp') section.get('tls')?.complain(TLS_MISPLACED);
  if (type === 'command') {
    const command = commandWords(value);
    return command === null ? null : { type, command };
  }
  if (type === 'http') {
    const url = value.read(httpUrl);
    if (url?.startsWith('http:') === true) section.get('tls')?.complain(TLS_MISPLACED);
    return url === null ? null : { type, url, tls };
  }
  const address = value.read(hostAndPort);
  if (address === null) return null;
  return type === 'tcp' ? { type, ...address } : { type, ...address, service, tls };
}

const TLS_MISPLACED = 'tls is for a check by grpc or by http with a URL of https';

/** Empty braces stand for TLS by the CAs of the system, without a certificate of its own. */
function tlsOf(value: Value | null, resolve: (file: string) => string): CheckTls | null {
  const section = value?.mapping(TLS_KEYS) ?? null;
  if (value === null || section === null) return null;
  const file = (text: string): string => resolve(scalars.someText(PATH_BYTES_MAX)(text));
  const cert = section.read('cert', file);
  const key = section.read('key', file);
  if ((section.get('cert') === null) !== (section.get('key') === null)) {
    value.complain('cert and key belong together');
  }
  return {
    ca: section.read('ca', file),
    client: cert === null || key === null ? null : { cert, key },
    serverName: section.read('serverName', hostName),
  };
}

/** A host name or an IP address, without a port. */
function hostName(text: string): string {
  if (text.length <= 253 && /^[A-Za-z0-9._:-]+$/.test(text)) return text;
  throw new scalars.Wrong('a host name or an IP address, as the certificate has it');
}

function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href;
  throw new scalars.Wrong('a URL such as http://127.0.0.1:8080/health');
}

function hostAndPort(text: string): { host: string; port: number } {
  if (/:\d+$/.test(text)) {
    const { host, port } = scalars.reachable(1)(text);
    return { host, port };
  }
  throw new scalars.Wrong('HOST:PORT');
}
