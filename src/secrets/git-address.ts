import { SENSITIVE } from '../model/recording.ts';

/*
 * Addresses of git repositories as people may see them, also in git's own words.
 */

/** User information. A slash in a password that is not encoded does not end it; behind a host a port may stand. */
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/)([^\s/@'"]*:(?!\d{1,5}(?:\/|$))[^\s'"]*|[^\s/@'"]+)@/gi;
/** The form of scp, `user:password@host:path`: git takes what stands before the `@` for the user. */
const SCP_USER_INFO = /(^|[\s'"(])([^\s'":@/]+:[^\s'"@]+)@(?=[^\s'":@]+:)/g;
const QUERY = /([a-z][a-z0-9+.-]*:\/\/[^\s'"?#]*)[?#][^\s'"]*/gi;
/** A parameter that is secret by its name, in an address of any form. */
const PARAMETER = /([?&#;][\w-]*(?:token|secret|password|passwd|key|auth|sig)[\w-]*=)[^\s'"&]*/gi;

/** Text without the secrets of the addresses in it: passwords, and all of a query. The plain user of ssh stays. */
export function maskAddresses(text: string): string {
  return text
    .replace(USER_INFO, (_, scheme: string, user: string) =>
      /ssh/i.test(scheme) && !user.includes(':') ? `${scheme}${user}@` : `${scheme}${SENSITIVE}@`,
    )
    .replace(SCP_USER_INFO, `$1${SENSITIVE}@`)
    .replace(QUERY, `$1?${SENSITIVE}`)
    .replace(PARAMETER, `$1${SENSITIVE}`);
}

/** What of an address is secret, as it stands there and decoded. */
export function secretsOf(address: string): string[] {
  const user = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^\s]*)@/i.exec(address)?.[1] ?? '';
  const query = /[?#](.*)$/s.exec(address)?.[1] ?? '';
  const parts = [
    ...(user.includes(':') || /^https?:/i.test(address) ? [user, ...user.split(':').slice(1)] : []),
    ...query.split(/[&;]/).flatMap((part) => [part, part.slice(part.indexOf('=') + 1)]),
  ];
  return [...new Set(parts.flatMap((part) => [part, decoded(part)]))].filter((part) => part !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
