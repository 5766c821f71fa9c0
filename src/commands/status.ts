import { randomBytes } from 'node:crypto';
import type { Io } from '../model/ports.ts';
import { type DaemonAnswer, daemonText } from '../render/daemon-status.ts';
import { jsonPieces } from '../render/json-pieces.ts';
import { statusJson, statusMarkdown, statusText } from '../render/status.ts';
import { printable, styleFor } from '../render/style.ts';
import { readState } from '../state/store.ts';
import { Vault } from '../state/vault.ts';
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
  const unapplied = await unappliedNames(names, all, raw, settings, io);
  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));
  if (settings.output === 'json') await print(jsonPieces(statusJson(chosen)), io);
  else if (settings.output === 'markdown') await io.out(statusMarkdown(chosen));
  else if (chosen.length > 0 || unapplied.length === 0)
    await io.out(statusText(chosen, styleFor(settings.color), io.clock.now()));
  for (const name of unapplied) await io.err(`${printable(name)}: nothing was sent to it yet.\n`);
  return 0;
}

/**
 * Of the names, those that only a file knows.
 * @throws Failure (64) for a name that nothing has
 */
async function unappliedNames(
  names: readonly string[],
  known: readonly { name: string }[],
  raw: RawOptions,
  settings: Settings,
  io: Io,
): Promise<string[]> {
  const applied = new Set(known.map(({ name }) => name));
  const others = names.filter((name) => !applied.has(name));
  if (others.length === 0) return [];
  // Loaded only for names that nothing is known of.
  const [{ desiredFiles }, { readBounds }] = await Promise.all([
    import('./desired-files.ts'),
    import('./bounds.ts'),
  ]);
  const bounds = readBounds(raw, settings, io);
  // Nothing is compared, so any key serves.
  const vault = new Vault(randomBytes(32));
  const set = await desiredFiles({ dir: settings.dir, ref: undefined, io, vault, bounds });
  // A name that a broken file would have given is no mistake of the command line.
  if (set.broken.length === 0) checkNames(others, [...applied, ...set.recordings.map(({ name }) => name)]);
  return others;
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
