import { isLoopback } from './proxy.ts';

/**
 * An address that the service is asked for at, such as "https://api.agora.io" or "http://127.0.0.1:8799".
 * @param where credentials belong, for the message
 * @returns `wrong`: what is wrong with it, in words that go after the name of a setting
 */
export function readEndpoint(text: string, where: string): { endpoint: string } | { wrong: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return { wrong: ': must be an address such as https://api.agora.io or http://127.0.0.1:8799' };
  if (url.username || url.password)
    return { wrong: `: credentials belong into ${where}, not into the address` };
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return {
      wrong: ` ${url.origin}: plain HTTP would show your credentials to the network; use https:// (plain HTTP is for this machine only)`,
    };
  if (url.search || url.hash) return { wrong: ': must not have a query or a fragment' };
  return { endpoint: `${url.origin}${url.pathname.replace(/\/$/, '')}` };
}
