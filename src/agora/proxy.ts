import { Failure } from '../model/failure.ts';

/** The proxy of a company's network, through which HTTPS leaves it. */
export interface ProxyServer {
  /** With the credentials, so it is never printed whole. */
  url: URL;
  /** The variable that names it. */
  variable: string;
}

/** As curl has them: the name in small letters first. HTTP_PROXY is for plain HTTP, which never leaves this machine. */
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @param hostname as URL has it, so in small letters and IPv6 in brackets */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/**
 * The proxy that calls to an origin go through, by HTTPS_PROXY, else ALL_PROXY, but for what NO_PROXY names and for
 * this machine; undefined where they go straight.
 * @throws Failure naming the variable, never its value, where it names no HTTP proxy
 */
export function proxyFor(origin: string, env: Record<string, string | undefined>): ProxyServer | undefined {
  const target = new URL(origin);
  if (target.protocol !== 'https:' || isLoopback(target.hostname) || isExempt(target, env)) return undefined;
  const variable = VARIABLES.find((name) => env[name]?.trim());
  return variable && { variable, url: parse(variable, env[variable]?.trim() ?? '') };
}

function parse(variable: string, text: string): URL {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (/^socks/i.test(address))
    throw new Failure(`${variable}: SOCKS proxies are not supported`, {
      hint: 'HTTPS_PROXY=http://HOST:PORT names a proxy that knows CONNECT; what NO_PROXY names goes straight.',
    });
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (
    !url ||
    !['http:', 'https:'].includes(url.protocol) ||
    decoded(url.username + url.password) === undefined
  )
    throw new Failure(`${variable}: must be an address such as http://proxy.example.com:3128`, {
      hint: 'Special characters in its user and password are written with percent signs, as in every URL.',
    });
  return url;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A name in NO_PROXY stands for itself and what lies below it, with a port for that port alone; `*` for everything. */
function isExempt(
  { hostname, port }: URL,
  { no_proxy: small, NO_PROXY: large }: Record<string, string | undefined>,
): boolean {
  const entries = (small || large || '').toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => {
    const [, name = `[${entry}]`, only] = /^(\[[^\]]*\]|[^:]+)(?::(\d+))?$/.exec(entry) ?? [];
    if (entry === '' || (only !== undefined && only !== (port || '443'))) return false;
    const domain = name.replace(/^\*?\.?/, '').replace(/\.$/, '');
    return name === '*' || hostname === domain || (domain !== '' && hostname.endsWith(`.${domain}`));
  });
}
