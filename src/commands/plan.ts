import { randomBytes } from 'node:crypto';
import { usage } from '../model/failure.ts';
import type { Plan } from '../model/plan.ts';
import type { Io } from '../model/ports.ts';
import { diagnosticsText } from '../render/diagnostics.ts';
import { type Draw, planText } from '../render/plan-text.ts';
import { styleFor } from '../render/style.ts';
import { Vault } from '../secrets/vault.ts';
import { readBounds } from './bounds.ts';
import { comparePlan, readBaseline } from './compare.ts';
import { askedOf, makePlanOf } from './make-plan.ts';
import { checkTarget, reading, writing } from './open-state.ts';
import { tellOfOtherState } from './other-state.ts';
import { NO_PICTURES, readPictures, writePictures } from './plan-pictures.ts';
import { print } from './print.ts';
import { fileHashes, savePlan } from './saved-plan.ts';
import { isSet, type RawOptions, readSettings, type Settings } from './settings.ts';
import { outOf } from './write-file.ts';

/** `reelstate plan`: shows what apply would send. Reads the files and the state, writes nothing, sends nothing. */
export async function plan(names: string[], raw: RawOptions, io: Io): Promise<number> {
  const settings = await readSettings(raw, io, ['text', 'json', 'markdown', 'html']);
  const pictures = readPictures(raw, io);
  if (settings.output === 'html' && io.outIsTerminal)
    throw usage(
      '--output html is a page for a browser',
      'Send it to a file: reelstate plan --output html > plan.html',
    );
  const { plan: result, close } = await planned(names, raw, settings, io);
  try {
    // What it says of recordings with nothing to do is read only where it is shown.
    await showPlan(result, settings, io, pictures);
  } finally {
    await close();
  }
  if (result.diagnostics.some(({ severity }) => severity === 'error')) return 1;
  const { to_create, to_update, to_forget } = result.summary;
  return isSet('detailedExitcode', raw, io) && to_create + to_update + to_forget > 0 ? 2 : 0;
}

/** The plan from the state, or from another baseline, to what the files ask for; saved with --out. */
async function planned(
  names: readonly string[],
  raw: RawOptions,
  settings: Settings,
  io: Io,
): Promise<{ plan: Plan; close: () => Promise<void> }> {
  const asked = askedOf(names, raw, settings, io);
  const baseline = await readBaseline(raw, io);
  const bounds = readBounds(raw, settings, io);
  if (baseline) {
    const made = await comparePlan(baseline, asked, { settings, bounds }, io);
    return { plan: made, close: async () => {} };
  }
  await tellOfOtherState(settings, raw, io);
  const out = outOf(raw);
  if (out === '-')
    throw usage(
      '--out "-": a plan is saved in a file',
      'reelstate plan --json prints one for programs to read.',
    );
  let store = await reading('reelstate plan', settings, io);
  if (out !== undefined && store.id === undefined) {
    await store.close();
    // A saved plan names the state, and secrets by fingerprints that apply can compare, so both must last.
    await (await writing('reelstate plan', settings, io)).close();
    store = await reading('reelstate plan', settings, io);
  }
  // Without a key the state is empty, and any key serves.
  const vault = new Vault(store.key ?? randomBytes(32));
  const { known } = store.state;
  checkTarget(known, settings, io);
  const { hashes, onFile } = fileHashes();
  const { unsubscribeSpelling: spelling } = settings;
  const made = await makePlanOf({
    ...{ asked, settings, io, vault, bounds, known, now: io.clock.now() },
    ...(out === undefined ? {} : { onFile }),
    cached: settings.cache,
  });
  if (out !== undefined) await savePlan(out, made, { asked, spelling, store, files: hashes }, io);
  return { plan: made, close: () => store.close() };
}

/**
 * The plan to standard output; for people, its diagnostics to standard error first.
 * @param pictures left out, no layout is drawn
 */
export async function showPlan(
  result: Plan,
  settings: Settings,
  io: Io,
  pictures = NO_PICTURES,
): Promise<void> {
  const { drawn, view, files, commentLimit } = pictures;
  const links = files && (await writePictures(result, view, files, io));
  switch (settings.output) {
    case 'json': {
      const { planPieces } = await import('../render/plan-json.ts');
      return print(planPieces(result, settings.unsubscribeSpelling), io);
    }
    case 'markdown': {
      const [{ planMarkdown }, { drawnPictures }] = await Promise.all([
        import('../render/plan-markdown.ts'),
        import('../render/plan-pictures.ts'),
      ]);
      const shown = links ?? (drawn ? drawnPictures(result, view, commentLimit) : undefined);
      return io.out(planMarkdown(result, shown, commentLimit));
    }
    case 'html': {
      const { planHtml } = await import('../page/plan.ts');
      return io.out(planHtml(result, view));
    }
    case 'text': {
      const style = styleFor(settings.color);
      if (result.diagnostics.length > 0) await io.err(`${diagnosticsText(result.diagnostics, style)}\n`);
      const drawing = drawn ? await import('../render/plan-pictures.ts') : undefined;
      const draw: Draw | undefined =
        drawing && ((recording, room) => drawing.changeLines(recording, view, room));
      return io.out(planText(result, style, io.outIsTerminal ? io.columns : 80, draw));
    }
  }
}

/** The plan as text for the question, where standard output goes to a program. */
export function unseenPlan(result: Plan, settings: Settings, io: Io): string {
  const style = styleFor(settings.color && io.errIsTerminal);
  // In text they are on standard error already.
  const isTold = settings.output === 'text' || result.diagnostics.length === 0;
  const told = isTold ? '' : `${diagnosticsText(result.diagnostics, style)}\n`;
  return `${told}${planText(result, style, io.columns)}`;
}
