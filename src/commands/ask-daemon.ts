import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure, usage } from '../model/failure.ts';
import { isObject } from '../model/json.ts';
import type { Io } from '../model/ports.ts';
import { isShallow } from '../plan/shapes.ts';
import { type RawOptions, textOf } from './settings.ts';
import { whyNotRead } from './write-file.ts';

/** How long a daemon may take to answer, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Asks a running `reelstate watch --listen`.
 * @param path such as "/api/recordings"
 * @param flag that gave the address, for messages
 * @param token for a daemon on another machine
 * @param isWhole whether an answer is of the shape that a daemon gives it
 * @throws Failure where nothing answers at the address, or not as a daemon does
 */
export async function askDaemon<T extends { recordings: unknown[] }>(
  address: string,
  path: string,
  flag: string,
  token: string | undefined,
  isWhole: (answer: unknown) => boolean,
): Promise<T> {
  const answer = await answerOf(address, path, flag, token);
  const { format_version: version } = answer;
  if (version !== undefined && version !== '1.0')
    throw new Failure(`the daemon at ${address} is of another version of reelstate`);
  if (!isShallow(answer) || !isWhole(answer))
    throw new Failure(`what the daemon at ${address} answers is damaged`, {
      hint: 'It is not what reelstate watch says. Is something between, or is it of another version?',
    });
  return answer as T;
}

async function answerOf(
  address: string,
  path: string,
  flag: string,
  token: string | undefined,
): Promise<{ format_version?: unknown; recordings: unknown[] }> {
  const url = urlOf(address, path, flag);
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(PATIENCE),
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
    if (response.status === 401 || response.status === 403) throw refused(url, await response.text());
    const answer: unknown = response.ok ? await response.json() : undefined;
    if (!isObject(answer) || !Array.isArray(answer.recordings))
      throw new Error(`it answers ${response.status}`);
    return answer as { recordings: unknown[] };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { message, cause } = error as Error;
    throw new Failure(
      `no reelstate daemon answers at ${url.origin}: ${(cause as Error)?.message || message}`,
      {
        hint: 'It listens where reelstate watch --listen HOST:PORT says.',
      },
    );
  }
}

/** @throws Failure (64), without what of the address may be a password */
function urlOf(address: string, path: string, flag: string): URL {
  const shown = address.includes('@') ? '' : ` ${JSON.stringify(address)}`;
  // "localhost:9464" can be parsed, too, but not be built upon.
  if (!/^https?:/i.test(address) || !URL.canParse(path, address))
    throw usage(`${flag}${shown}: must be an address such as http://127.0.0.1:9464`);
  const url = new URL(path, address);
  if (url.username || url.password)
    throw usage(
      `${flag}: credentials do not belong into the address: a token goes into --daemon-token-file FILE`,
    );
  return url;
}

/** The daemon answers with one line; another server may answer with more. */
function refused({ origin }: URL, text: string): Failure {
  const [line = ''] = text.slice(0, 200).split('\n');
  return new Failure(`the daemon at ${origin} refuses: ${line}`, {
    hint: 'For a token, --daemon-token-file FILE or REELSTATE_DAEMON_TOKEN_FILE; for a Host, reelstate watch --listen-host NAME.',
  });
}

/**
 * The token for a daemon on another machine.
 * @throws Failure where its file cannot be read, or holds none
 */
export async function daemonToken(raw: RawOptions, io: Io): Promise<string | undefined> {
  const file = textOf('daemonTokenFile', raw, io);
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    throw new Failure(`--daemon-token-file ${file}: ${whyNotRead(error)}`);
  }
  // Anything else could not be sent in a header.
  if (!/^[\x21-\x7e]+$/.test(text.trim()))
    throw new Failure(`--daemon-token-file ${file}: the file holds no token, a word of printable ASCII`);
  return text.trim();
}
