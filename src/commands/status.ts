import type { Io } from '../model/ports.ts';
import { type DaemonAnswer, daemonText } from '../render/daemon-status.ts';
import { jsonPieces } from '../render/json-pieces.ts';
import { statusJson, statusMarkdown, statusText } from '../render/status.ts';
import { styleFor } from '../render/style.ts';
import { readState } from '../state/store.ts';
import { askDaemon } from './ask-daemon.ts';
import { print } from './print.ts';
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
  if (settings.output === 'json') await print(jsonPieces(statusJson(chosen)), io);
  else if (settings.output === 'markdown') await io.out(statusMarkdown(chosen));
  else await io.out(statusText(chosen, styleFor(settings.color), io.clock.now()));
  return 0;
}

async function daemonStatus(
  address: string,
  names: string[],
  { output, color }: Settings,
  io: Io,
): Promise<number> {
  const answer = await askDaemon<DaemonAnswer>(address, '/api/recordings', '--daemon');
  checkNames(
    names,
    answer.recordings.map(({ name }) => name),
  );
  const chosen = {
    ...answer,
    recordings: answer.recordings.filter(({ name }) => names.length === 0 || names.includes(name)),
  };
  if (output === 'json') await print(jsonPieces(chosen), io);
  else
    await io.out(
      daemonText(chosen, output === 'markdown' ? styleFor(false) : styleFor(color), output === 'markdown'),
    );
  return 0;
}
