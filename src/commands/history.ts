import { usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { historyJson, historyMarkdown, historyText } from '../render/history.ts';
import { styleFor } from '../render/style.ts';
import { reading } from './open-state.ts';
import { checkNames, type RawOptions, readFlags, textOf } from './settings.ts';

/** Calls that are shown unless more are asked for. */
const USUAL_LIMIT = 100;

/** `reelstate history`: which commit led to which call, with what answer, when. The newest first. */
export async function history(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const settings = readFlags(raw, io);
  const { output, color } = settings;
  const limit = limitOf(textOf('limit', raw, io));
  const store = await reading('reelstate history', settings, io);
  const shown = await store.history({ names, ...(limit === 0 ? {} : { limit }) });
  if (names.length > 0) {
    const known = [...store.state.known.heads()].map(({ name }) => name);
    checkNames(names, [...known, ...(await store.calledNames())]);
  }
  await store.close();
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
