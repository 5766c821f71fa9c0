import { readFileSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, sep } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { Failure, usage } from '../../model/failure.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a database is and how it is spoken to. */
export interface Address {
  host: string;
  port: number;
  user: string;
  database: string;
  /** What is tried, in this order, until one comes about; undefined: without TLS. */
  tls: (ConnectionOptions | undefined)[];
  password: string;
  /** For people: no password is in it. */
  shown: string;
}

const WAY_OUT =
  'Put it into PGPASSWORD, or into a password file (PGPASSFILE, else ~/.pgpass) as HOST:PORT:DATABASE:USER:PASSWORD. Other users of this machine can read command lines.';
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof MODES)[number];

/** @throws Failure (64) for what is no such address, or holds a password: what it holds is not repeated */
export function checkAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A password with a slash or an @ in it is not where the parser looks for it.
  const authority = /^[a-z]+:\/\/([^?#]*)@/i.exec(text)?.[1] ?? '';
  if (url?.password || authority.includes(':') || /[?&](ssl)?password=/i.test(text))
    throw usage('--state: a password must not be in the address', WAY_OUT);
  if (!url || !/^postgres(ql)?:\/\//i.test(text))
    throw usage('--state: must be a folder or an address such as postgres://USER@HOST/DATABASE');
  if (url.hash) throw usage('--state: an address must not have a fragment');
  for (const name of url.searchParams.keys())
    if (!['sslmode', 'sslrootcert', 'host'].includes(name))
      throw usage(
        `--state: the address has ${JSON.stringify(name)}, which is not known; it may have sslmode, sslrootcert and host`,
      );
  return url;
}

/**
 * What an address and the variables of PostgreSQL's own programs say together. The address wins.
 * @throws Failure (64) for what is no such address
 */
export function readAddress(text: string, env: Environment): Address {
  const url = checkAddress(text);
  const mode = modeOf(url, env);
  // A path of more than one part would be taken for a database with a slash in its name.
  const [, name = '', more] = url.pathname.split('/');
  if (more) throw usage('--state: the address must end with one database: postgres://USER@HOST/DATABASE');
  const host =
    url.searchParams.get('host') || bare(decode(url.hostname)) || env.PGHOST || env.PGHOSTADDR || 'localhost';
  const port = Number(url.port || env.PGPORT || 5432);
  const user = decode(url.username) || env.PGUSER || userInfo().username;
  const database = decode(name) || env.PGDATABASE || user;
  const where = host.includes(':') ? `[${host}]` : host;
  return {
    ...{ host, port, user, database },
    tls: host.startsWith('/') ? [undefined] : waysOf(mode, host, rootOf(url, env)),
    password: env.PGPASSWORD || passwordIn({ host, port, user, database }, env) || '',
    shown: `postgres://${encodeURIComponent(user)}@${where}:${port}/${encodeURIComponent(database)}`,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw usage('--state: the address has a % that begins no character; a plain one is written %25');
  }
}

/** An address of IPv6 without its brackets. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function modeOf(url: URL, env: Environment): Mode {
  const text = url.searchParams.get('sslmode') || env.PGSSLMODE || 'prefer';
  if ((MODES as readonly string[]).includes(text)) return text as Mode;
  const from = url.searchParams.get('sslmode') ? '--state: sslmode' : 'PGSSLMODE';
  throw usage(`${from} ${JSON.stringify(text)}: must be one of ${MODES.join(', ')}`);
}

/** Certificates of authorities; undefined: those that Node.js knows, NODE_EXTRA_CA_CERTS included. */
function rootOf(url: URL, env: Environment): string | undefined {
  const path = url.searchParams.get('sslrootcert') || env.PGSSLROOTCERT;
  if (!path || path === 'system') return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(`the certificates of sslrootcert cannot be read: ${(error as Error).message}`);
  }
}

/**
 * As libpq has it (PostgreSQL documentation, "SSL Support"): `prefer` and `require` encrypt and verify nothing, `prefer`
 * goes without where the server has no TLS; `require` with authorities named, and `verify-ca`, verify who signed;
 * `verify-full` the host's name, too.
 */
function waysOf(mode: Mode, host: string, ca: string | undefined): Address['tls'] {
  const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  const open = { ...servername, rejectUnauthorized: false };
  const signed = { ...servername, ...(ca === undefined ? {} : { ca }), checkServerIdentity: () => undefined };
  switch (mode) {
    case 'disable':
      return [undefined];
    case 'allow':
      return [undefined, open];
    case 'prefer':
      return [open, undefined];
    case 'require':
      return [ca === undefined ? open : signed];
    case 'verify-ca':
      return [signed];
    case 'verify-full':
      return [{ ...servername, ...(ca === undefined ? {} : { ca }) }];
  }
}

/** The password of a password file (PostgreSQL documentation, "The Password File"): the first line that fits. */
function passwordIn(
  { host, port, database, user }: Pick<Address, 'host' | 'port' | 'database' | 'user'>,
  env: Environment,
): string | undefined {
  const path = env.PGPASSFILE || join(env.HOME || homedir(), '.pgpass');
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0 && sep === '/') {
      // Passed over by PostgreSQL's own programs, too; named here, because a server only says that there is no password.
      throw new Failure(`the password file ${path} can be read by others`, { hint: `chmod 600 ${path}` });
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !env.PGPASSFILE) return undefined;
    throw new Failure(`the password file cannot be read: ${(error as Error).message}`);
  }
  const wanted = [host.startsWith('/') ? 'localhost' : host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map(([, field = '']) =>
      field.replace(/\\(.)/g, '$1'),
    );
    if (fields.length > 4 && wanted.every((text, n) => fields[n] === '*' || fields[n] === text))
      return fields[4];
  }
  return undefined;
}
