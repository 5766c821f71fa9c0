import { usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { historyJson, historyMarkdown, historyText } from '../render/history.ts';
import { count, styleFor } from '../render/style.ts';
import { pastCalls, readHistory } from '../state/history.ts';
import { readState } from '../state/store.ts';
import { checkNames, type RawOptions, readSettings, textOf } from './settings.ts';

/** Calls that are shown unless more are asked for. */
const USUAL_LIMIT = 100;

/** `reelstate history`: which commit led to which call, with what answer, when. The newest first. */
export async function history(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const { state, output, color } = readSettings(raw, io);
  const limit = limitOf(textOf('limit', raw, io));
  const { entries, damaged } = await readHistory(state);
  const all = pastCalls(entries);
  const { known } = await readState(state);
  checkNames(
    names,
    [...all, ...known.values()].map(({ name }) => name),
  );
  const wanted = all.filter(({ name }) => names.length === 0 || names.includes(name)).reverse();
  const calls = limit === 0 ? wanted : wanted.slice(0, limit);
  const shown = { calls, earlier: wanted.length - calls.length };
  if (damaged > 0) await io.err(`reelstate: ${count(damaged, 'line')} of the history cannot be read.\n`);
  if (output === 'json') await io.out(`${JSON.stringify(historyJson(shown), null, 2)}\n`);
  else if (output === 'markdown') await io.out(historyMarkdown(shown));
  else await io.out(historyText(shown, styleFor(color)));
  return 0;
}

/** @throws Failure (64) */
function limitOf(text: string | undefined): number {
  if (text === undefined) return USUAL_LIMIT;
  if (!/^\d{1,9}$/.test(text))
    throw usage(`--limit ${JSON.stringify(text)}: must be a number of calls, 0 for all`);
  return Number(text);
}
