import { randomBytes } from 'node:crypto';
import type { Known, Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import { look } from '../reconcile.ts';
import { diagnosticsText } from '../render/diagnostics.ts';
import { planJson } from '../render/plan-json.ts';
import { planMarkdown } from '../render/plan-markdown.ts';
import { drawnPictures } from '../render/plan-pictures.ts';
import { planText } from '../render/plan-text.ts';
import { styleFor } from '../render/style.ts';
import { readKey, readState } from '../state/store.ts';
import { Vault } from '../state/vault.ts';
import { desiredFiles } from './desired-files.ts';
import { NO_PICTURES, type PictureSettings, readPictures, writePictures } from './plan-pictures.ts';
import { checkNames, isSet, type RawOptions, readSettings, type Settings } from './settings.ts';

/** `reelstate plan`: shows what apply would send. Reads the files and the state, writes nothing, sends nothing. */
export async function plan(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const settings = readSettings(raw, io, ['text', 'json', 'markdown', 'html']);
  const pictures = readPictures(raw, io);
  // Without a key nothing is known either, and any key serves.
  const vault = new Vault((await readKey(settings.state)) ?? randomBytes(32));
  const { known } = await readState(settings.state);
  const result = await makePlanOf({ names, raw, settings, io, vault, known });
  await showPlan(result, settings, io, pictures);
  if (result.diagnostics.some(({ severity }) => severity === 'error')) return 1;
  const { to_create, to_update, to_forget } = result.summary;
  return isSet('detailedExitcode', raw, io) && to_create + to_update + to_forget > 0 ? 2 : 0;
}

/** Loads, plans and checks the names that the command line asks for. */
export async function makePlanOf(input: {
  names: readonly string[];
  raw: RawOptions;
  settings: Settings;
  io: Io;
  vault: Vault;
  known: Known;
}): Promise<Plan> {
  const { names, raw, settings, io, vault, known } = input;
  const ends = {
    desired: () => desiredFiles({ raw, settings, io, vault }),
    known: () => known,
  };
  const options = {
    rate: settings.rate,
    names,
    resync: isSet('resync', raw, io),
    allowEmpty: isSet('allowEmpty', raw, io),
    dir: settings.dir,
  };
  const { plan: result, desired } = await look(ends, options, () => io.clock.now());
  // A name that a broken file would have given is no mistake of the command line.
  if (desired.broken.length === 0)
    checkNames(names, [
      ...desired.recordings.map(({ name }) => name),
      ...[...known.values()].map(({ name }) => name),
    ]);
  return result;
}

/**
 * The plan to standard output; for people, its diagnostics to standard error first.
 * @param pictures left out, no layout is drawn
 */
export async function showPlan(
  result: Plan,
  settings: Settings,
  io: Io,
  { drawn, view, files }: PictureSettings = NO_PICTURES,
): Promise<void> {
  const links = files && (await writePictures(result, view, files, io));
  switch (settings.output) {
    case 'json':
      return io.out(`${JSON.stringify(planJson(result, settings.unsubscribeSpelling), null, 2)}\n`);
    case 'markdown':
      return io.out(planMarkdown(result, links ?? (drawn ? drawnPictures(result, view) : undefined)));
    case 'html': {
      const { planHtml } = await import('../render/plan-html.ts');
      return io.out(planHtml(result, view));
    }
    case 'text': {
      const style = styleFor(settings.color);
      if (result.diagnostics.length > 0) await io.err(`${diagnosticsText(result.diagnostics, style)}\n`);
      return io.out(planText(result, style, io.columns, drawn ? view : undefined));
    }
  }
}
