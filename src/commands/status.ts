import type { Io } from '../model/ports.ts';
import { statusJson, statusMarkdown, statusText } from '../render/status.ts';
import { styleFor } from '../render/style.ts';
import { readState } from '../state/store.ts';
import { checkNames, type RawOptions, readSettings } from './settings.ts';

/** `reelstate status`: what is known of each recording. Reads the state alone. */
export async function status(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const settings = readSettings(raw, io);
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
