import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { type DaemonAnswer, daemonText } from '../render/daemon-status.ts';
import { statusJson, statusMarkdown, statusText } from '../render/status.ts';
import { styleFor } from '../render/style.ts';
import { readState } from '../state/store.ts';
import { checkNames, type RawOptions, readSettings, type Settings } from './settings.ts';

/** `reelstate status`: what is known of each recording: what the state says, or with --daemon a running daemon. */
export async function status(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const settings = readSettings(raw, io);
  const daemon = typeof raw.daemon === 'string' ? raw.daemon : io.env.REELSTATE_DAEMON || undefined;
  if (daemon !== undefined) return daemonStatus(daemon, names, settings, io);
  const { known } = await readState(settings.state);
  const all = [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  checkNames(
    names,
    all.map(({ name }) => name),
  );
  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));
  if (settings.output === 'json') await io.out(`${JSON.stringify(statusJson(chosen), null, 2)}\n`);
  else if (settings.output === 'markdown') await io.out(statusMarkdown(chosen));
  else await io.out(statusText(chosen, styleFor(settings.color), io.clock.now()));
  return 0;
}

/** How long a daemon may take to answer, in milliseconds. */
const DAEMON_PATIENCE = 10_000;

async function daemonStatus(
  address: string,
  names: string[],
  { output, color }: Settings,
  io: Io,
): Promise<number> {
  const url = URL.canParse(address) ? new URL('/api/recordings', address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw usage(`--daemon ${JSON.stringify(address)}: must be an address such as http://127.0.0.1:9464`);
  const answer = await ask(url);
  checkNames(
    names,
    answer.recordings.map(({ name }) => name),
  );
  const chosen = {
    ...answer,
    recordings: answer.recordings.filter(({ name }) => names.length === 0 || names.includes(name)),
  };
  if (output === 'json') await io.out(`${JSON.stringify(chosen, null, 2)}\n`);
  else
    await io.out(
      daemonText(chosen, output === 'markdown' ? styleFor(false) : styleFor(color), output === 'markdown'),
    );
  return 0;
}

async function ask(url: URL): Promise<DaemonAnswer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DAEMON_PATIENCE) });
    const answer = (await response.json()) as DaemonAnswer;
    if (!response.ok || !Array.isArray(answer.recordings)) throw new Error(`it answers ${response.status}`);
    return answer;
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Failure(
      `no reelstate daemon answers at ${url.origin}: ${(cause as Error)?.message || message}`,
      {
        hint: 'It listens where reelstate watch --listen HOST:PORT says.',
      },
    );
  }
}
