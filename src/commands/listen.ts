import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { Access } from '../daemon/access.ts';
import { usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { type RawOptions, textOf } from './settings.ts';

/** Where the daemon is to listen, what it goes by there, and where the token of other machines is. */
export interface Listen {
  host: string;
  port: number;
  hosts: readonly string[];
  tokenFile?: string;
}

/** Addresses that stand for all of a machine's own. */
const ANY = new Set(['0.0.0.0', '::']);

/** @throws Failure (64) naming the flag and what it takes */
export function readListen(raw: RawOptions, io: Io): Listen | undefined {
  const text = typeof raw.listen === 'string' ? raw.listen : io.env.REELSTATE_LISTEN || undefined;
  const hosts = hostsOf(raw, io);
  if (text === undefined) {
    for (const [name, flag] of [
      ['listenHost', '--listen-host'],
      ['listenTokenFile', '--listen-token-file'],
    ] as const)
      if (raw[name] !== undefined) throw usage(`${flag} is about --listen HOST:PORT: give that, too`);
    return undefined;
  }
  const match = /^(\[[0-9A-Fa-f:]+\]|[^:\s]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535)
    throw usage(`--listen ${JSON.stringify(text)}: must be HOST:PORT, such as 127.0.0.1:9464`);
  const written = match[1] ?? '';
  const host = (written || '0.0.0.0').replace(/^\[(.*)\]$/, '$1');
  const tokenFile = textOf('listenTokenFile', raw, io);
  return {
    host,
    port,
    // The address of --listen is an accepted Host, too.
    hosts: [...(ANY.has(host) ? [] : [written]), ...hosts],
    ...(tokenFile === undefined ? {} : { tokenFile: resolve(io.cwd, tokenFile) }),
  };
}

function hostsOf(raw: RawOptions, io: Io): string[] {
  const given = Array.isArray(raw.listenHost)
    ? (raw.listenHost as string[])
    : (io.env.REELSTATE_LISTEN_HOST ?? '').split(/[\s,]+/).filter(Boolean);
  return given.map((name) => {
    const bare = name.replace(/^\[(.*)\]$/, '$1');
    if (isIP(bare) === 6) return `[${bare}]`;
    if (isIP(bare) === 0 && !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(name))
      throw usage(
        `--listen-host ${JSON.stringify(name)}: must be a name or an address, without a port, such as reelstate.example.com`,
      );
    return name;
  });
}

/**
 * Who may ask the daemon for what.
 * @param warn is called with warnings
 * @throws Failure where the file of the token cannot be read
 */
export async function accessOf({ hosts, tokenFile }: Listen, warn: (text: string) => void): Promise<Access> {
  if (tokenFile === undefined) return { hosts };
  const { TokenFile } = await import('../daemon/token-file.ts');
  const token = new TokenFile(tokenFile);
  if (token.isOpenToOthers)
    warn(`others on this machine can read the token: chmod 600 ${tokenFile} keeps it to its owner`);
  return { hosts, isToken: token.is };
}
