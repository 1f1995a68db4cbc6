// The certificates that a health check over TLS needs, read from their files for each check, so that renewed ones count without
// a word. A file that cannot be read or used is a reason for people, never an exception.

import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import type { ConnectionOptions, SecureContext } from 'node:tls';

import type { CheckTls } from '../health/definition.js';

/** What Node's TLS is given for a connection to `host`, which may be an IPv6 address in brackets; a text: why there is nothing to give. */
export async function tlsOptions(
  { ca, client, serverName }: CheckTls,
  host: string,
): Promise<ConnectionOptions | string> {
  const name = serverName ?? host.replace(/^\[|\]$/g, '');
  const files = { ca, cert: client?.cert ?? null, key: client?.key ?? null };
  const read: Record<string, Buffer> = {};
  for (const [option, file] of Object.entries(files)) {
    if (file === null) continue;
    try {
      read[option] = await readFile(file);
    } catch (error) {
      return `tls.${option}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  let secureContext: SecureContext;
  try {
    secureContext = createSecureContext(read);
  } catch (error) {
    return `the files of tls cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
  return {
    secureContext,
    // An IP address is no server name. Source: RFC 6066 §3.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  };
}
