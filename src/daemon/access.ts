import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';

/*
 * Who may ask the daemon for what. Anybody on this machine may read, others with the token; probes and Prometheus from
 * anywhere. The name that a request gives the daemon is looked at, too: a page in a browser on this machine can have
 * any name lead here (DNS rebinding), but not choose what the browser sends as Host.
 */

/** What is open to other machines without a token: it names no recording. */
const OPEN: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** Where a request comes from, and what it says of itself. */
export interface Asking {
  path: string;
  /** Address of the client, and the one of ours that it has reached. */
  remote: string | undefined;
  local: string | undefined;
  /** The headers Host and Authorization. */
  host: string | undefined;
  authorization: string | undefined;
}

export interface Access {
  /** Names and addresses that the daemon goes by beside those of loopback. */
  hosts: readonly string[];
  /** Whether this is the token; left out: there is none. */
  isToken?: ((token: string) => boolean) | undefined;
}

/** Why a request is not answered. */
export interface Refusal {
  status: 401 | 403;
  text: string;
}

/**
 * @param isSigned a signature says of the request what a token would
 * @returns undefined where the request is to be answered
 */
export function refusal(asking: Asking, access: Access, isSigned: boolean): Refusal | undefined {
  const isOpen = OPEN.has(asking.path);
  if (!isOurs(asking, access.hosts, isOpen))
    return {
      status: 403,
      text: 'the Host of this request is neither loopback nor a --listen-host of this daemon',
    };
  if (isOpen || isSigned || isLoopback(asking.remote)) return undefined;
  if (!access.isToken)
    return {
      status: 403,
      text: 'to other machines only /healthz, /readyz and /metrics are served without --listen-token-file',
    };
  const token = tokenIn(asking.authorization ?? '');
  if (token !== undefined && access.isToken(token)) return undefined;
  return { status: 401, text: 'the token is missing or not right: Authorization: Bearer TOKEN' };
}

/** The token of a program, or the password of a browser, whatever user it names (RFC 6750, RFC 7617). */
function tokenIn(authorization: string): string | undefined {
  const [, scheme = '', given = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== 'basic') return given || undefined;
  const [, password] = /^[^:]*:(.*)$/s.exec(Buffer.from(given, 'base64').toString()) ?? [];
  return password;
}

/** Whether an address is this machine's own loopback. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** 127.0.0.0/8 (RFC 1122) and ::1 (RFC 4291); addresses of IPv4 in the form of IPv6 are among them. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Equal texts, in a time that does not tell how much of them is equal: over digests, because lengths must be equal. */
export function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function isOurs({ host, local }: Asking, hosts: readonly string[], isOpen: boolean): boolean {
  // Probes of old speak HTTP/1.0, which has no Host.
  if (host === undefined) return isOpen;
  const name = hostName(host);
  if (name === undefined) return false;
  if (name === 'localhost' || isLoopback(name)) return true;
  if (hosts.some((each) => hostName(each) === name)) return true;
  // A kubelet asks by the pod's address, which is not known beforehand; no name can lead there.
  return isOpen && local !== undefined && isIP(name) !== 0 && name === canonical(local);
}

/** The name or address in a Host, without a port, in one spelling; undefined where it is none. */
export function hostName(host: string): string | undefined {
  const [, name] = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]?#]+)(?::\d{1,5})?$/i.exec(host.trim()) ?? [];
  return name && canonical(name.replace(/^\[(.*)\]$/, '$1'));
}

function canonical(name: string): string {
  const bare = name.replace(/%.*$/, '').replace(/\.$/, '').toLowerCase();
  if (isIP(bare) !== 6) return bare;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  return mapped ?? new URL(`http://[${bare}]`).hostname.slice(1, -1);
}
