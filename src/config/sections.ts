// The sections `cluster`, `node` and `system` of a configuration file: which keys they have and what each must be. Whatever
// depends on more than one key is checked where the last of them is read. Pure.

import { formatAddress } from '../address.js';
import type { Address } from '../address.js';
import { ELECTION_TIMEOUT_MAX_MS, ELECTION_TIMEOUT_MIN_MS } from '../raft/options.js';
import { MEMBER_TAGS, PRIORITY_MAX } from '../raft/types.js';
import type { MemberTags } from '../raft/types.js';
import { FAILOVERS, LOG_LEVEL_WORDS } from './config.js';
import type { ClusterConfig, Host, Item, NodeConfig, SystemDefinition } from './config.js';
import * as scalars from './scalars.js';
import { decrypted } from './secret.js';
import type { Mapping, Value } from './value.js';

const PEER_PORT = 6000;
const API_PORT = 6001;
const HTTP_PORT = 8080;
const DISCOVERY_PORT = 54_327;
/** Nodes that one cluster is formed of; more join later. */
const EXPECT_MAX = 50;
const CONNECT_MAX = 50;
const HOSTS_MAX = 50;
/** Each is one operation of one transaction when it is installed. Source: design, defaults. */
const ITEMS_MAX = 100;
const ITEM_BYTES_MAX = 16 * 1024;
const PATH_BYTES_MAX = 4096;

const path = scalars.someText(PATH_BYTES_MAX);

const CLUSTER_KEYS = 'name accept advertise connect expect failover electionTimeout'.split(' ');

/** `cluster`; null after an error that leaves nothing to go on with. */
export function clusterSection(value: Value | null): ClusterConfig | null {
  const section = value?.mapping(CLUSTER_KEYS) ?? null;
  if (section === null) return null;
  const name = section.needed('name')?.read(scalars.properName) ?? null;
  const acceptValue = section.get('accept');
  const accept = acceptValue?.read(scalars.schemed('tcp', PEER_PORT)) ?? null;
  const advertise = section.read('advertise', scalars.schemed('tcp', PEER_PORT));
  if (accept !== null && isWildcard(accept) && section.get('advertise') === null) {
    acceptValue?.complain(
      `${accept.host} stands for every address; say with advertise by which others reach this node`,
    );
  }
  const connectValue = section.get('connect');
  const connect = connectValue === null ? [] : connectTargets(connectValue);
  const timeout = scalars.duration(ELECTION_TIMEOUT_MIN_MS, ELECTION_TIMEOUT_MAX_MS);
  return {
    name: name ?? '',
    accept,
    advertise,
    connect,
    expect: section.read('expect', scalars.wholeNumber(1, EXPECT_MAX)),
    failover: section.get('failover')?.oneOf(FAILOVERS) ?? null,
    electionTimeoutMs: section.read('electionTimeout', timeout),
  };
}

/** One target or a list of them; a bare name stands for every member. */
function connectTargets(value: Value): string[] {
  if (!value.isList) return connectTarget(value) ?? [];
  const elements = value.list() ?? [];
  if (elements.length > CONNECT_MAX) value.complain(`expected at most ${CONNECT_MAX} entries`);
  const targets: string[] = [];
  for (const element of elements) {
    for (const target of connectTarget(element) ?? []) {
      if (targets.includes(target)) element.complain(`${target} stands twice`);
      targets.push(target);
    }
  }
  return targets;
}

function connectTarget(value: Value): string[] | null {
  return value.read((text) => {
    const scheme = /^([a-z]+):\/\//i.exec(text)?.[1];
    if (scheme === 'udp') {
      const group = scalars.schemed('udp', DISCOVERY_PORT)(text);
      if (isMulticast(group.host)) return [`udp://${formatAddress(group)}`];
      throw new scalars.Wrong('udp:// with a multicast group, such as udp://224.2.2.44:54327');
    }
    if (scheme === undefined || scheme === 'tcp') {
      const bare = scheme === undefined ? `tcp://${text}` : text;
      return [`tcp://${formatAddress(scalars.schemed('tcp', PEER_PORT)(bare))}`];
    }
    throw new scalars.Wrong('udp://GROUP:PORT, tcp://HOST:PORT or a DNS name');
  });
}

const NODE_KEYS = 'name dataDir api http priority tags tls insecure witness logLevel'.split(' ');
const TLS_KEYS = ['cert', 'key', 'ca'];

/** `node`; `resolve` makes a path absolute. */
export function nodeSection(root: Mapping, resolve: (file: string) => string): NodeConfig {
  const section = root.section('node', NODE_KEYS);
  const file = (text: string): string => resolve(path(text));
  return {
    name: section.read('name', scalars.properName),
    dataDir: section.read('dataDir', file),
    api: section.read('api', scalars.reachable(API_PORT)),
    http: section.read('http', httpAddress),
    priority: section.read('priority', scalars.wholeNumber(0, PRIORITY_MAX)),
    tags: tagList(section),
    tls: tlsFiles(section, file),
    insecure: section.read('insecure', scalars.truth),
    witness: section.read('witness', scalars.truth),
    logLevel: section.get('logLevel')?.oneOf(LOG_LEVEL_WORDS) ?? null,
  };
}

function tagList(node: Mapping): MemberTags | null {
  const value = node.get('tags');
  if (value === null || value.isNothing) return null;
  const pairs: [string, string][] = [];
  for (const { key, value: word } of value.entries() ?? []) {
    if (!isProperName(key))
      word.complain('the name of a tag is 1 to 63 letters, digits, dots, underscores or hyphens');
    const text = word.read((said) => said);
    if (text !== null) pairs.push([key, text]);
  }
  const { countMax, bytesMax } = MEMBER_TAGS;
  if (pairs.length > countMax) value.complain(`expected at most ${countMax} tags`);
  const bytes = pairs.reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  if (bytes > bytesMax) value.complain(`expected at most ${bytesMax} bytes of tags, got ${bytes}`);
  return pairs;
}

function httpAddress(text: string): Address | 'none' {
  return text === 'none' ? 'none' : scalars.reachable(HTTP_PORT)(text);
}

function tlsFiles(node: Mapping, file: (text: string) => string): NodeConfig['tls'] {
  const value = node.get('tls');
  if (value === null || value.isNothing) return null;
  const section = value.mapping(TLS_KEYS);
  const cert = section?.needed('cert')?.read(file) ?? null;
  const key = section?.needed('key')?.read(file) ?? null;
  const ca = section?.needed('ca')?.read(file) ?? null;
  return cert === null || key === null || ca === null ? null : { cert, key, ca };
}

/** `system`; `key` is that of encrypted values. */
export function systemSection(root: Mapping, key: string | undefined): SystemDefinition {
  const section = root.section('system', ['name', 'hosts', 'items']);
  const hosts = section.get('hosts');
  const items = section.get('items');
  return {
    name: section.read('name', scalars.properName),
    hosts: hosts === null || hosts.isNothing ? [] : hostList(hosts),
    items: items === null || items.isNothing ? [] : itemList(items, key),
  };
}

function hostList(value: Value): Host[] {
  const hosts: Host[] = [];
  const elements = value.list() ?? [];
  if (elements.length > HOSTS_MAX) value.complain(`expected at most ${HOSTS_MAX} hosts`);
  for (const element of elements) {
    const host = oneHost(element);
    if (host === null) continue;
    if (hosts.some(({ name }) => name === host.name)) {
      element.complain(`the host ${host.name} stands twice`);
    }
    const at = host.address === null ? null : formatAddress(host.address);
    const other = hosts.find(({ address }) => address !== null && formatAddress(address) === at);
    if (other !== undefined) element.complain(`${at} is the address of ${other.name} too`);
    hosts.push(host);
  }
  return hosts;
}

function oneHost(element: Value): Host | null {
  if (!element.isMapping) {
    const name = element.read(scalars.properName);
    return name === null ? null : { name, address: null };
  }
  const section = element.mapping(['name', 'address']);
  const name = section?.needed('name')?.read(scalars.properName) ?? null;
  const address = section?.read('address', scalars.reachable(PEER_PORT)) ?? null;
  return name === null ? null : { name, address };
}

function itemList(value: Value, key: string | undefined): Item[] {
  const entries = value.entries() ?? [];
  if (entries.length > ITEMS_MAX) value.complain(`expected at most ${ITEMS_MAX} items`);
  const items: Item[] = [];
  for (const { key: name, value: entry } of entries) {
    if (!isProperName(name)) {
      entry.complain(
        'the name of an item is 1 to 63 letters, digits, dots, underscores or hyphens',
      );
    }
    const read = maybeEncrypted(entry, key);
    if (read !== null) items.push({ name, value: read.text, isEncrypted: read.isEncrypted });
  }
  return items;
}

/** Text, or `{ value, encrypted }`; an encrypted one must open with the key. `plain` is what it says. */
export function maybeEncrypted(
  entry: Value,
  key: string | undefined,
): { readonly text: string; readonly plain: string; readonly isEncrypted: boolean } | null {
  if (!entry.isMapping) {
    const text = entry.read(itemText);
    return text === null ? null : { text, plain: text, isEncrypted: false };
  }
  const section = entry.mapping(['value', 'encrypted']);
  const isEncrypted = section?.read('encrypted', scalars.truth) ?? false;
  const value = section?.needed('value') ?? null;
  if (!isEncrypted) {
    const text = value?.read(itemText) ?? null;
    return text === null ? null : { text, plain: text, isEncrypted };
  }
  return value?.read((text) => ({ text, plain: decrypted(text, key), isEncrypted })) ?? null;
}

function itemText(text: string): string {
  if (Buffer.byteLength(text) <= ITEM_BYTES_MAX && !text.includes('\u0000')) return text;
  throw new scalars.Wrong(`text of at most ${ITEM_BYTES_MAX} bytes`);
}

function isProperName(name: string): boolean {
  try {
    return scalars.properName(name) === name;
  } catch {
    return false;
  }
}

function isWildcard({ host }: Address): boolean {
  return host === '0.0.0.0' || /^[0:]+$/.test(host);
}

function isMulticast(host: string): boolean {
  const first = Number(/^(\d{1,3})\./.exec(host)?.[1]);
  return (first >= 224 && first <= 239) || /^ff[0-9a-f]{2}:/i.test(host);
}
