// Network addresses as people write them: HOST[:PORT], IPv6 in brackets. Plain text work without imports, because
// the daemon, the client library and the command line all need it and may not import each other.
// Nothing is resolved here: a host name stays a name.

/** Where something listens or is reached. An IPv6 host is held without its brackets. */
export interface Address {
  readonly host: string;
  /** 0 to 65535; 0 asks the system for a free port and makes sense only for listening. */
  readonly port: number;
}

/** Characters of a wrong address that its error shows. */
const TEXT_SHOWN_MAX = 60;

/** Text that is not an address; the message names it and says what was expected. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
  readonly text: string;

  constructor(text: string, expected: string) {
    const shown = text.length > TEXT_SHOWN_MAX ? `${text.slice(0, TEXT_SHOWN_MAX)}…` : text;
    super(`expected ${expected}, got ${JSON.stringify(shown)}`);
    this.text = text;
  }
}

const PORT_MAX = 65_535;
const HOST_LENGTH_MAX = 253;
const LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
const BRACKETED = /^\[([^\]]*)\](?::(.*))?$/;

/**
 * Reads `HOST[:PORT]`; with `defaultPort` null the port must be written.
 * Refuses an IPv6 address without brackets, because its last group could be a port.
 * Throws `AddressError`.
 */
export function parseAddress(text: string, defaultPort: number | null): Address {
  const bracketed = BRACKETED.exec(text);
  if (bracketed !== null) {
    const host = bracketed[1] ?? '';
    if (!isIpv6(host)) throw new AddressError(text, 'an IPv6 address between the brackets');
    return { host, port: parsePort(text, bracketed[2], defaultPort) };
  }
  if (text.includes('://')) throw new AddressError(text, 'HOST[:PORT] alone, without a scheme');
  const [host = '', port, ...rest] = text.split(':');
  if (rest.length > 0) {
    throw new AddressError(text, 'HOST[:PORT] with an IPv6 address in brackets, like [::1]:6001');
  }
  if (!isHost(host)) throw new AddressError(text, 'HOST[:PORT] with a host name or an IP address');
  return { host, port: parsePort(text, port, defaultPort) };
}

/** Writes `HOST:PORT`, an IPv6 address in brackets. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parsePort(text: string, port: string | undefined, defaultPort: number | null): number {
  if (port === undefined) {
    if (defaultPort === null) throw new AddressError(text, 'HOST:PORT');
    return defaultPort;
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > PORT_MAX) {
    throw new AddressError(text, `a port from 1 to ${PORT_MAX}`);
  }
  return Number(port);
}

/** Whether it is a host name or an IPv4 address; digits and dots alone must be the latter. */
function isHost(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIpv4(host);
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  return name.length <= HOST_LENGTH_MAX && name.split('.').every((label) => LABEL.test(label));
}

function isIpv4(host: string): boolean {
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

function isIpv6(host: string): boolean {
  const [address = '', zone, ...rest] = host.split('%');
  if (rest.length > 0 || (zone !== undefined && !/^[A-Za-z0-9._-]+$/.test(zone))) return false;
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const hasIpv4 = last.includes('.');
  if (hasIpv4 && !isIpv4(last)) return false;
  const hex = hasIpv4 ? groups.slice(0, -1) : groups;
  if (!hex.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  const count = hex.length + (hasIpv4 ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}
