// Why a connection failed, in the words of whoever typed an address: the system and grpc-js say it with their own codes,
// calls and internals. What is not known here is passed on as it came. Pure.

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nobody listens there'],
  [/ENOTFOUND|EAI_AGAIN|EAI_NONAME/, 'its host name is not known'],
  [/EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN/, 'there is no way to that host'],
  [/EACCES|EPERM/, 'the system does not permit the connection'],
  [/EINVAL|EADDRNOTAVAIL/, 'it is not an address that can be connected to'],
  [/EMFILE|ENFILE/, 'this process has too many files open'],
  [/ETIMEDOUT/, 'no answer came in time'],
  [
    /ECONNRESET|EPIPE|RST_STREAM|GOAWAY|Connection dropped|socket hang up|[Cc]hannel|No connection/,
    'the connection was lost',
  ],
];

/** Says what an error of a connection means; unknown ones are said as they are. */
export function inWords(detail: string): string {
  return WORDS.find(([pattern]) => pattern.test(detail))?.[1] ?? detail;
}
